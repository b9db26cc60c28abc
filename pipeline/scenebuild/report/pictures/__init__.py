"""Pictures of a sound: waveform, spectrogram, timeline."""
