"""The rules for scene files: ids, and the help text of each that SARIF shows."""

from __future__ import annotations

RULES: dict[str, str] = {
    # the file
    "unreadable": "A scene is a regular file with read permission. Folders, pipes and devices are refused.",
    "too-large": "A scene file has at most 1 MiB. Split a larger one into several scenes.",
    "encoding": "A scene file is UTF-8 text. Save it as UTF-8 in your editor.",
    "control-character": "Text holds no control characters, not even escaped ones. Remove them.",
    "merge-conflict": "The file has no merge conflict. Keep one side and remove the lines with markers.",
    # the document
    "tab": "YAML is indented with spaces. Set your editor to write spaces in YAML files.",
    "directive": "YAML directives (lines that begin with %) are not used. Remove them.",
    "yaml-syntax": "The file is YAML. The usual mistakes are a colon in a text without quotes, and indentation.",
    "comma": "In braces a comma ends a text or a number. Put a text with commas in quotes; write 1.5 for 1,5.",
    "anchor": "YAML anchors are not used. Write values out, or put what elements share under defaults.",
    "alias": "YAML aliases are not used. Write values out, or put what elements share under defaults.",
    "merge-key": "YAML merge keys are not used. Write values out, or put what elements share under defaults.",
    "tag": "YAML tags are not used. Remove them; put a text that begins with ! in quotes.",
    "too-deep": "Collections are nested at most 32 levels deep. A scene needs four.",
    "too-many-values": "A file holds at most 50,000 values. Split a larger one into several scenes.",
    "several-documents": "A file holds one scene. Write one file for each.",
    "empty": "A scene has at least a name and elements. Add them.",
    "root-type": "A scene is a set of fields at the left margin: name, elements and so on.",
    "duplicate-key": "A name occurs once in a set of fields. Remove or rename one of the two.",
    "key-type": "The name of a field is plain text. Put it in quotes if it looks like something else.",
    # values
    "not-finite": "Numbers are finite. Write the number in digits.",
    "version": "A scene has version 1 of the format. Update scenebuild to read a later version.",
    "type": "A value has the type of its field. Numbers are written without quotes.",
    "range": "A number is within the limits of its field. The message names them.",
    "choice": "A value is one of the choices of its field. The message names them.",
    "length": "A text, a list or a set of elements has at most the length that its field allows. Shorten it.",
    "blank": "A required text or list is not empty. Write it.",
    "missing": "A required field is there. Add it.",
    "unknown-field": "A field is known to scenebuild, or begins with x- at the top level. Check its spelling.",
    "name": "An element's name has at most 64 characters of a-z, 0-9, _ and -, and is no device's name on Windows.",
    # what belongs together
    "source": "An element has either a prompt or a file. Keep one of the two.",
    "two-volumes": "An element's level is written once, as volume or as gain_db. Keep one of the two.",
    "no-effect": "A field has an effect on its element. Fields of generated sound have none on a recording.",
    "model": "A model belongs to the engine of its element. Change one of the two.",
    "model-unknown": "A model is one of the list, or a registered checkpoint. The message names them.",
    "fade": "Fades fit into the sound. Shorten them, or make the sound longer.",
    "start": "An element begins before the mix ends. Start it earlier, or make the mix longer.",
    "times": "Loop, several starts and repeat exclude each other. Keep one of them.",
    "repeat": "In a repeat jitter is at most every, and the sound with its gap fits into every.",
    "keyframes": "Keyframes are in order of time and within the mix. Sort them.",
    "bus": "A bus is one of the scene's buses, and its name differs from the elements' names. Correct the name.",
    "duck": "A channel ducks under another element or bus of the scene, not under itself. Correct the name.",
    "deliver": "A delivery has a name of its own and settings that its format supports. Correct them.",
    "trim": "In a trim to is more than from, and both are within the take.",
    "redo": "In a redo to is more than from by at least 0.2 s, and both are within the take.",
    "sound-prompt": "A take is longer than the sound that it goes on from, and its engine takes such a sound.",
    "mix-length": "A mix lasts at most 36000 seconds (ten hours), and has a duration where every element loops.",
    "expect": "A range in expect begins with the least value. Exchange the two.",
    # extends, variants, parameters
    "extends": "A scene extends one scene file below its folder, inside the project, and never in a circle.",
    "inherit": "null removes an inherited field. Remove the line where nothing of that name is inherited.",
    "variant": "A variant exists in its file. The message names the variants.",
    "parameter": "A parameter is a text or a number under params or matrix, used by its plain name.",
    "matrix": "A matrix makes at most 256 scenes, each with a name of its own.",
    # the lockfile beside the scene
    "lock": "A lockfile has an entry for each element that matches the scene. Build the scene and commit the lock.",
    # recordings
    "path": "A recording's path is relative, with /, and means the same on every system.",
    "recording": "A recording is an audio file inside the project. Add it, or correct its path.",
    # too many findings
    "more": "The file has more findings. Correct the first ones and validate again.",
}
