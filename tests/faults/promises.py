"""What is promised, and the tests that hold each promise: the table behind ``docs/reliability.md``.

A test is named by its file and function, so that the table can not promise what nothing tests. ``pytest -k P07`` runs
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
        models_fetch="what_goes_wrong_once_heals each_refusal_ends_in_one_clear_line a_hub_that_goes_silent_for_good "
        "a_hub_that_always_sends_too_little no_network_and_offline",
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
    ),
    _promise(
        "P12",
        "Exit code 0 means that every output exists, can be decoded, is finite and has the planned rate and length.",
        generate="a_child_that_goes_wrong_fails_its_own_request_alone",
    ),
    _promise(
        "P13",
        "The lock pins the bytes, and --frozen builds nothing else.",
        build="frozen_brings_back_the_locked_takes frozen_refuses_what_drifted "
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
        "A scene can not run code, read outside the project, write outside its outputs or reach a network.",
        hostile="a_hostile_scene_touches_nothing_but_its_own "
        "the_harness_sees_a_file_a_program_and_a_network_address "
        "a_recording_outside_the_project_is_not_opened modules_of_a_checkout_are_not_imported",
    ),
    _promise(
        "P16",
        "A scene can not take unbounded time or memory.",
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
)
