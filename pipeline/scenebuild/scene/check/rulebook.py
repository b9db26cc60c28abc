"""Every rule that a scene file is held to, by its id, with what it asks for. SARIF shows these texts as help."""

from __future__ import annotations

RULES: dict[str, str] = {
    # the file
    "unreadable": "A scene is a regular file that may be read. Folders, pipes and devices are not.",
    "too-large": "A scene file has at most 1 MiB. Split a larger one into several scenes.",
    "encoding": "A scene file is UTF-8 text. Save it as UTF-8 in your editor.",
    "control-character": "Text holds no control characters, not even escaped ones. Remove them.",
    "merge-conflict": "No merge conflict is left in the file. Keep one side and remove the marker lines.",
    # the document
    "tab": "YAML is indented with spaces. Set your editor to write spaces in YAML files.",
    "directive": "YAML directives (lines that begin with %) are not used. Remove them.",
    "yaml-syntax": "The file is YAML. Most slips are a colon in a text without quotes, or indentation.",
    "comma": "In braces a comma ends a text or a number. Put a text with commas in quotes; write 1.5 for 1,5.",
    "anchor": "YAML anchors are not used. Write values out, or put what elements share under defaults.",
    "alias": "YAML aliases are not used. Write values out, or put what elements share under defaults.",
    "merge-key": "YAML merge keys are not used. Write values out, or put what elements share under defaults.",
    "tag": "YAML tags are not used. Remove them; a text that begins with ! goes in quotes.",
    "too-deep": "Collections are nested at most 32 levels deep. A scene needs four.",
    "too-many-values": "A file holds at most 50,000 values. Split a larger one into several scenes.",
    "several-documents": "A file holds one scene. Write one file for each.",
    "empty": "A scene has at least a name and elements. Add them.",
    "root-type": "A scene is a set of fields at the left margin: name, elements and so on.",
    "duplicate-key": "A name stands once in its place. Remove or rename one of the two.",
    "key-type": "The name of a field is plain text. Put it in quotes if it looks like something else.",
    # values
    "not-finite": "Numbers are finite. Write one in digits.",
    "version": "A scene is written in version 1 of the format. Update scenebuild to read a later one.",
    "type": "A value is of the kind that its field asks for. Numbers are written without quotes.",
    "range": "A number is within the limits of its field. The message names them.",
    "choice": "A value is one of those that its field knows. The message names them.",
    "length": "A text, or a set of elements, is not longer than its field allows. Shorten it.",
    "blank": "A text that is asked for says something. Write it.",
    "missing": "A field without which a scene is nothing is there. Add it.",
    "unknown-field": "A field is one that scenebuild knows, or begins with x- at the top level. Check its spelling.",
    "name": "An element's name is made of a-z, 0-9, _ and -, at most 64, and names no device of an operating system.",
    # what belongs together
    "source": "An element has a prompt or a file, and not both. Keep one of the two.",
    "two-volumes": "An element's level is written once, as volume or as gain_db. Keep one of the two.",
    "no-effect": "A field acts on the sound of its element. What only generated sound knows, a recording has not.",
    "model": "A model belongs to the engine that is asked for. Change one of the two.",
    "model-unknown": "A model is one of the list, or a checkpoint that you registered. The message names them.",
    "fade": "Fades fit into the sound. Shorten them, or make the sound longer.",
    "start": "An element begins before the mix ends. Start it earlier, or make the mix longer.",
    "times": "An element has one way of saying when it sounds: a loop, several starts, or repeat. Keep one.",
    "repeat": "What repeats has room for it: jitter is at most every, and a gap leaves room for the sound.",
    "keyframes": "Keyframes stand in the order of their times, within the mix. Sort them.",
    "bus": "A bus that is named is one of the scene's buses, and shares no name with an element. Correct the name.",
    "duck": "A layer makes room for another that there is, and not for itself. Correct the name.",
    "deliver": "A delivered file has a name of its own, and is something that its format can hold. Correct it.",
    "trim": "A trim leaves something of the take. Let to be more than from, and both lie within the take.",
    "mix-length": "The mix has a length of at most 36000 seconds (ten hours). Give it one where every element loops.",
    "expect": "An expectation names the least first and then the most. Exchange them.",
    # recipes that grow
    "extends": "A scene extends one scene file below its folder, inside the project, and never in a circle.",
    "inherit": "null removes something that is inherited. Where nothing is, the line does nothing.",
    "variant": "A variant that is asked for is one that the file holds. The message names them.",
    "parameter": "A parameter is a text or a number under params or matrix, used by its plain name.",
    "matrix": "A matrix makes at most 256 scenes, each with a name of its own.",
    # the lockfile beside the scene
    "lock": "A scene's lockfile says of each element what the scene says. Build the scene and commit the lock.",
    # recordings
    "path": "A recording's path is relative, with /, and means the same on every system.",
    "recording": "A recording is an audio file inside the project. Add it, or correct its path.",
    # more of them than one reads
    "more": "There are more findings in this file. Put the first ones right and look again.",
}
