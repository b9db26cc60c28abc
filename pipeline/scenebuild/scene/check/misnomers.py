"""Names of fields in other programs, and the field of a scene for each."""

from __future__ import annotations

_FADE = "fade_in: 1 and fade_out: 1 (seconds)"
_LEVEL = "volume: 0.7, or gain_db: -3"
_TIME = "start: 4.5 (seconds)"
_LENGTH = "duration: 8 to generate 8 seconds, or trim: {to: 8} to stop after 8 seconds"
_PROMPT = "prompt: steady rain"
_FILE = "file: bell.wav (the path of a recording)"
_REPEAT = "repeat: {every: 20} (seconds)"
_DELIVER = "deliver: [{preset: podcast}]"
_MIX_LENGTH = "mix: {duration: 60} (seconds)"
_ELEMENTS = "elements: {rain: {prompt: steady rain}}"

# owner of the field -> name in another program -> what to write
_CALLED: dict[str, dict[str, str]] = {
    "an element": {
        **dict.fromkeys(("end", "ends", "stop", "until", "to"), _LENGTH),
        **dict.fromkeys(("length", "len", "dur", "seconds", "duration_s"), "duration: 8 (seconds)"),
        **dict.fromkeys(("loops", "looped", "looping"), "loop: true"),
        **dict.fromkeys(("repeats", "interval", "every", "times", "count"), _REPEAT),
        **dict.fromkeys(("fade", "fades", "fading", "crossfade"), _FADE),
        **dict.fromkeys(("gain", "db", "level", "vol", "amp", "amplitude", "loudness"), _LEVEL),
        **dict.fromkeys(("text", "description", "desc", "sound", "name", "title"), _PROMPT),
        **dict.fromkeys(("audio", "path", "source", "src", "sample", "recording", "wav"), _FILE),
        **dict.fromkeys(("at", "begin", "begins", "from", "offset", "delay", "time", "position"), _TIME),
        **dict.fromkeys(("panning", "balance", "panorama"), "pan: -0.3 (-1 is left, 1 is right)"),
        **dict.fromkeys(("rate", "tempo", "pitch", "playback_rate"), "speed: 1.2 (1.0 is as it is)"),
        **dict.fromkeys(("eq", "equalizer", "filter", "filters", "fx", "effect"), "effects: [{high_pass: 120}]"),
        **dict.fromkeys(("muted", "silent", "disabled", "enabled"), "mute: true"),
    },
    "a scene": {
        "title": "name: Rainy café",
        **dict.fromkeys(("sounds", "tracks", "layers", "clips", "items", "scene"), _ELEMENTS),
        **dict.fromkeys(("output", "outputs", "export", "exports", "format", "delivery", "deliveries"), _DELIVER),
        **dict.fromkeys(("duration", "length", "len"), _MIX_LENGTH),
        **dict.fromkeys(("loop", "loops"), "mix: {loop: true}"),
        "loudness": "mix: {loudness: -23} (LUFS)",
        **dict.fromkeys(("license", "licence"), "policy: {commercial: true}"),
    },
    "mix": {
        **dict.fromkeys(("length", "len", "end"), "duration: 60 (seconds)"),
        **dict.fromkeys(("samplerate", "rate", "hz"), "sample_rate: 48000 (Hz)"),
        **dict.fromkeys(("lufs", "volume", "gain", "gain_db", "level"), "loudness: -23 (LUFS)"),
        **dict.fromkeys(("peak", "limiter", "limit"), "true_peak: -1 (dBTP)"),
    },
    "trim": {
        **dict.fromkeys(("start", "begin", "in", "at"), "from: 0.5 (seconds)"),
        **dict.fromkeys(("end", "out", "stop", "until", "duration", "length"), "to: 3 (seconds)"),
    },
    "repeat": {
        **dict.fromkeys(("interval", "period", "delay"), "every: 20 (seconds)"),
        **dict.fromkeys(("times", "number", "repeats"), "count: 3"),
        "random": "jitter: 5 (seconds)",
        "pause": "gap: 2 (seconds)",
    },
    "a keyframe": {
        **dict.fromkeys(("time", "t", "start"), "at: 5 (seconds)"),
        **dict.fromkeys(("v", "level", "volume", "gain_db", "pan", "gain"), "value: 0.5"),
    },
    "duck": {
        **dict.fromkeys(("target", "trigger", "sidechain", "source"), "under: voice (the name of an element)"),
        **dict.fromkeys(("amount", "depth", "gain_db"), "by: 9 (decibels)"),
    },
}


def written_here(owner: str, name: str) -> str:
    """What to write instead of a field that ``owner`` does not have; "" for a name that is not in the table.

    >>> written_here("trim", "end")
    'write to: 3 (seconds)'
    """
    if (owner, name) == ("an element", "solo"):
        return "listen to it alone with scenebuild build --solo"
    here = _CALLED.get(owner, {}).get(name.lower().replace("-", "_"), "")
    return here and f"write {here}"
