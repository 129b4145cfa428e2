# Understands one utterance with pocketsphinx: a WAV file of one channel and 16 bits on standard input, the words on standard output.
# ANTIPHON_PHRASES has the phrases that are expected, one a line; without any, all of the model's words are.
import array
import io
import os
import random
import sys
import wave

from pocketsphinx import Decoder

RATE = 16000
NOISE = 60  # about -54 dBFS: the empty bands above a telephone's would mislead the model
FRAME = RATE // 100
LEAST = 0.6  # as much of the sound has to be the phrase

def sound():
    with wave.open(io.BytesIO(sys.stdin.buffer.read())) as file:
        rate, samples = file.getframerate(), array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    if rate * 2 == RATE:
        return doubled(samples)
    if rate != RATE:
        sys.exit("the sound has neither 8000 nor 16000 samples a second")
    return samples

def doubled(samples):
    # A half-band filter of four taps between two samples: enough below 4 kHz.
    out = array.array("h", bytes(4 * len(samples)))
    last = len(samples) - 1
    for at, sample in enumerate(samples):
        before, after = samples[max(at - 1, 0)], samples[min(at + 1, last)]
        beyond = samples[min(at + 2, last)]
        out[2 * at] = sample
        out[2 * at + 1] = max(-32768, min(32767, (9 * (sample + after) - before - beyond) // 16))
    return out

def loud_frames(samples):
    levels = [max(abs(sample) for sample in samples[at:at + FRAME]) for at in range(0, len(samples) - FRAME, FRAME)]
    return sum(level > max(levels) // 10 for level in levels) if levels else 0

def known(decoder, phrase):
    return bool(phrase) and all(decoder.lookup_word(word) for word in phrase.split())

samples = sound()
loud = loud_frames(samples)
phrases = [phrase.strip().lower() for phrase in os.environ.get("ANTIPHON_PHRASES", "").split("\n")]
phrases = [phrase for phrase in phrases if phrase]
random.seed(1)
noisy = array.array("h", (max(-32768, min(32767, sample + random.randint(-NOISE, NOISE))) for sample in samples))

if phrases:
    decoder = Decoder(lm=None, loglevel="FATAL")
    phrases = [phrase for phrase in phrases if known(decoder, phrase)]
    if not phrases:
        sys.exit("none of the phrases is in the dictionary")
    decoder.add_jsgf_string("phrases", "#JSGF V1.0; grammar phrases; public <phrase> = " + " | ".join(phrases) + ";")
    decoder.activate_search("phrases")
else:
    decoder = Decoder(loglevel="FATAL")

decoder.start_utt()
decoder.process_raw(noisy.tobytes(), full_utt=True)
decoder.end_utt()
hypothesis = decoder.hyp()
if hypothesis is not None:
    words = [part for part in decoder.seg() if not part.word.startswith(("<", "["))]
    covered = sum(part.end_frame - part.start_frame + 1 for part in words)
    if not phrases or covered >= LEAST * loud:
        print(hypothesis.hypstr)
