"""What is promised, and the tests that hold each promise: the table behind ``docs/reliability.md``.

A test is named by its file and function, so that the table cannot promise what nothing tests. ``pytest -k P07`` runs
the tests of one promise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: its name, the sentence of the manual, and its tests as ``path below tests/::function``."""

    name: str
    sentence: str
    tests: tuple[str, ...]


def _promise(name: str, sentence: str, **files: str) -> Promise:
    """``files``: the functions of each file, separated by blanks; ``faults_kill`` is ``faults/test_kill.py``."""
    tests: list[str] = []
    for file, functions in files.items():
        folder, name_of_file = ("faults/", file.removeprefix("faults_")) if file.startswith("faults_") else ("", file)
        tests += [f"{folder}test_{name_of_file}.py::test_{function}" for function in functions.split()]
    return Promise(name, sentence, tuple(tests))


PROMISES = (
    _promise(
        "P01",
        "A reader never sees half of a file under a key, wherever a build is killed.",
        faults_kill="a_put_killed_at_any_call_leaves_a_sound_store the_harness_sees_a_store_that_is_wrong "
        "a_build_killed_at_any_call_goes_on "
        "a_rebuild_killed_at_any_rename_is_the_old_or_the_new_one_file_by_file",
        store="an_interrupted_publish_leaves_the_old_file_and_nothing_else",
    ),
    _promise(
        "P02",
        "A hit is verified: bytes that are not those of the record are a miss, and are made again.",
        store="any_flipped_bit_of_an_object_is_a_miss_and_heals any_flipped_bit_of_a_record_never_gives_other_bytes "
        "an_object_of_another_size_is_a_miss two_swapped_objects_are_both_misses "
        "what_is_no_file_never_hangs_and_is_a_miss a_record_of_another_key_is_a_miss a_malformed_record_is_a_miss",
        faults_store_records="no_flipped_bit_of_a_record_is_believed the_harness_sees_records_without_a_seal "
        "the_harness_sees_a_store_that_does_not_verify a_sealed_record_of_another_sound_is_put_right_by_the_file",
    ),
    _promise(
        "P03",
        "A kill costs at most the takes in flight, and the same command goes on.",
        faults_kill="a_build_killed_at_any_call_goes_on",
        generate="a_stopped_build_keeps_what_is_finished_and_goes_on",
    ),
    _promise(
        "P04",
        "After a power cut there is no false hit: bytes are on the disk before they have a name.",
        faults_disturbed="what_is_kept_is_on_the_disk_before_it_has_a_name",
        store="an_error_of_fsync_means_not_published",
    ),
    _promise(
        "P05",
        "Builders share a store without damage and without waiting for ever; each take is normally made once.",
        faults_disturbed="builders_that_share_a_store_make_each_take_once builders_without_leases_harm_nobody "
        "builds_of_the_same_scene_into_the_same_folder",
    ),
    _promise(
        "P06",
        "A builder that died or fell asleep never blocks another one.",
        faults_disturbed="a_holder_that_is_stopped_is_named_and_not_waited_for "
        "takes_that_wait_for_their_turn_are_not_taken_for_abandoned",
        generate="a_holder_that_fell_asleep_is_not_waited_for",
    ),
    _promise(
        "P07",
        "A broken store slows a build and never fails it.",
        faults_disturbed="a_store_that_can_not_be_written_costs_one_line a_store_that_can_not_be_read_costs_one_line "
        "too_few_descriptors a_disk_that_breaks_at_some_point_and_stays_broken "
        "an_error_of_one_fsync_means_that_one_take_is_not_kept",
    ),
    _promise(
        "P08",
        "A server that is out of reach costs a bounded time. (Downloads of models; there is no remote store yet.)",
        models_fetch="what_goes_wrong_once_heals each_refusal_ends_in_one_clear_line_before_the_first_byte "
        "a_hub_that_goes_silent_for_good a_hub_that_always_sends_too_little no_network_and_offline",
    ),
    _promise(
        "P09",
        "A server is not believed: what it sends is what was recorded, or it is refused. (Downloads of models.)",
        models_fetch="flipped_bytes_never_get_into_the_cache a_login_page_is_no_hub "
        "a_hub_that_answers_for_another_commit_is_not_believed "
        "the_codec_that_a_file_names_is_never_fetched_by_that_name",
    ),
    _promise(
        "P10",
        "Tidying the store never breaks a running build.",
        faults_disturbed="a_gc_that_takes_everything_breaks_no_build",
        store="gc_sweeps_what_a_killed_build_left_but_not_what_is_in_use "
        "gc_leaves_an_object_that_only_a_lockfile_names",
    ),
    _promise(
        "P11",
        "cache verify names all damage, and --repair heals it.",
        store="verify_names_exactly_what_is_damaged",
        faults_store_records="verify_names_every_kind_of_damage_and_repair_heals_it "
        "a_repair_killed_at_any_call_goes_on",
    ),
    _promise(
        "P12",
        "Exit code 0 means that every output exists, can be decoded, is finite and has the planned rate and length.",
        generate="a_child_that_goes_wrong_fails_its_own_request_alone",
        faults_generated_input="a_good_scene_becomes_the_mix_that_was_planned good_scenes_by_the_hundred",
    ),
    _promise(
        "P13",
        "The lock pins the bytes, and --frozen builds nothing else.",
        build_locks="frozen_brings_back_the_locked_takes frozen_refuses_what_drifted "
        "frozen_refuses_other_bytes_under_the_same_key frozen_without_a_lock_says_so",
        plan="a_lock_that_can_not_be_understood_is_refused",
    ),
    _promise(
        "P14",
        "Weights are the pinned bytes, and loading them runs no code from them.",
        models_pickles="a_canary_is_found_and_does_not_sing a_canary_behind_harmless_pickles_is_found "
        "a_second_pickle_in_the_zip_is_read_too",
        models_fetch="a_flipped_byte_in_the_cache_is_found_and_healed",
    ),
    _promise(
        "P15",
        "A scene cannot run code, read outside the project, write outside its outputs or reach a network.",
        hostile="a_hostile_scene_touches_nothing_but_its_own "
        "the_harness_sees_a_file_a_program_and_a_network_address "
        "a_recording_outside_the_project_is_not_opened modules_of_a_checkout_are_not_imported",
    ),
    _promise(
        "P16",
        "A scene cannot take unbounded time or memory.",
        scene_bombs="every_bomb_is_refused_within_its_limits work_grows_with_the_file_and_not_faster",
    ),
    _promise(
        "P17",
        "Text of a scene stays text: on pages, in Markdown, in the terminal, in logs of CI and in tags of files.",
        hostile="texts_are_texts_everywhere texts_in_a_wav_and_a_lock_are_as_the_author_wrote_them",
        action="hostile_text_leaves_the_summary_with_the_elements_of_a_harmless_one",
    ),
    _promise(
        "P18",
        "Ctrl-C and SIGTERM stop a build soon, keep finished takes and leave no process behind.",
        faults_kill="a_build_stopped_at_a_rename_says_so_and_leaves_nothing_half_written",
        generate="the_children_end_with_an_exception_of_the_parent a_child_ends_when_its_parent_was_killed",
    ),
    _promise(
        "P19",
        "A full disk is said, nothing half is published, and the same command works once there is space.",
        faults_disturbed="files_that_may_not_grow a_small_disk_that_is_full",
    ),
    _promise(
        "P20",
        "A worker that dies costs another try and no result.",
        generate="a_child_that_goes_wrong_fails_its_own_request_alone",
    ),
    _promise(
        "P21",
        "The bytes that are used are the bytes that were hashed.",
        faults_recordings="p21_a_recording_that_changes_between_planning_and_decoding_is_not_kept "
        "p21_a_recording_that_is_rewritten_while_it_is_read_is_refused "
        "p21_a_recording_that_changes_while_it_is_decoded_is_the_one_that_was_hashed",
        faults_recordings_under_their_key="a_recording_that_changes_before_it_is_decoded_fails_and_is_not_kept "
        "the_parent_keeps_nothing_from_a_decoder_that_does_not_say_what_it_decoded",
        faults_locks_kept="a_lock_that_is_replaced_during_a_build_stays "
        "a_file_that_is_replaced_at_the_last_moment_is_put_back",
        faults_up_to_date="a_manifest_vouches_only_for_what_its_build_wrote",
    ),
    _promise(
        "P22",
        "'Up to date' is never wrong.",
        faults_up_to_date="an_output_that_is_older_is_not_up_to_date a_link_that_leads_elsewhere_is_another_input "
        "a_template_is_all_that_it_includes "
        "what_is_saved_during_a_build_is_built_by_the_next_whatever_the_clocks_say another_scenebuild_builds_again",
        faults_output_links="outputs_that_became_links_are_not_up_to_date",
        faults_leftovers="what_a_killed_build_left_goes killed_anywhere_it_leaves_nothing_for_ever",
        faults_projects="another_configuration_of_the_user_is_no_rerun_and_the_same_values_are "
        "the_short_way_to_say_that_nothing_is_to_do_sees_another_configuration",
        faults_locks_kept="a_length_is_exact_and_a_level_is_what_a_meter_reads",
    ),
    _promise(
        "P23",
        "Nothing of a stranger's checkout, git configuration, artifact or comment runs or is followed.",
        faults_git_door="nothing_that_a_configuration_names_runs_and_nothing_is_fetched "
        "no_variable_of_the_outside_names_a_command a_git_of_the_checkout_is_not_the_git_that_runs "
        "every_call_of_git_goes_through_the_one_door",
        faults_checkout_runs_nothing="every_module_that_is_run_is_run_with_p_or_i "
        "installing_runs_no_pip_of_the_checkout nothing_is_written_through_a_link_that_came_with_the_checkout "
        "a_note_is_made_of_plain_files_alone",
        faults_text_of_strangers="words_lead_nowhere_call_nobody_and_order_nothing a_log_obeys_only_its_annotations",
    ),
    _promise(
        "P24",
        "What may not be sold is never called sellable.",
        faults_licences="a_name_that_forbids_commerce_is_known_however_it_is_spelled "
        "no_way_of_writing_non_commercial_is_missed a_mix_is_never_freer_than_anything_in_it "
        "the_licence_of_a_listed_model_counts_whatever_files_say an_unknown_name_is_no_permission "
        "an_unknown_licence_of_a_model_is_refused_with_what_to_do "
        "a_corrected_licence_reaches_the_takes_that_are_there",
    ),
    _promise(
        "P25",
        "A failure is never read as absence.",
        faults_git_door="a_failure_of_git_is_an_error_in_its_own_words an_answer_that_ends_in_the_middle_is_an_error "
        "a_missing_tree_is_no_empty_one a_damaged_object_is_told",
        faults_broken_reads="an_error_of_the_disk_is_told_from_a_file_that_is_no_sound "
        "a_build_folder_that_can_not_be_read_is_told_in_words",
        faults_store_records="a_folder_of_the_store_that_can_not_be_listed_is_no_empty_one "
        "an_error_of_reading_an_object_leaves_it_where_it_is",
    ),
    _promise(
        "P26",
        "Nothing grows: temporary files, open files, memory, time for each record.",
        faults_soak="nothing_is_lost_and_nothing_grows",
        faults_scratch="a_build_that_was_killed_leaves_nothing_once_the_next_one_ran "
        "the_next_command_sweeps_what_a_dead_one_left no_other_module_makes_a_temporary_folder",
        faults_limits_of_a_build="a_thousand_takes_are_made_with_256_open_files "
        "leases_are_held_for_what_is_about_to_be_made",
        faults_store_scale="the_care_of_a_store_takes_calls_in_proportion "
        "the_harness_sees_work_that_grows_with_the_square",
        faults_diff_scale="a_diff_of_many_scenes_reads_three_of_them",
        faults_text_of_strangers="a_text_is_read_in_a_time_that_grows_as_its_length_does",
    ),
)
