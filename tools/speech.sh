#!/bin/sh
# Makes the voices of the demonstration again, and what telephones are told: each is
# synthesized by espeak-ng, and encoded or resampled by opus-tools. The product only
# reads the files.
set -eu
cd "$(dirname "$0")/../internal/stage/voice/speech"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# Its Chinese is given in pinyin: the dictionary of characters is a package of its own.
# say FILE VOICE PITCH WORDS-A-MINUTE TEXT
say() {
	espeak-ng -v "$2" -p "$3" -s "$4" -a 120 -w "$made/$1.wav" "$5"
	opusenc --quiet --speech --bitrate 24 --framesize 20 --downmix-mono --padding 0 --discard-comments "$made/$1.wav" "$1.opus"
}

say alder-principal en-gb 35 150 "We want the channel to stay open. Energy infrastructure is not a target."
say alder-interpreter cmn-latn-pinyin+f3 60 200 "wo3 men5 xi1 wang4 zhe4 tiao2 xian4 lu4 bao3 chi2 chang4 tong1. neng2 yuan2 ji1 chu3 she4 shi1 bu2 shi4 da3 ji1 mu4 biao1."
say birch-principal cmn-latn-pinyin+m3 30 200 "wo3 men5 tong2 yi4. neng2 yuan2 he2 ji1 chu3 she4 shi1 dou1 bu4 ying1 cheng2 wei2 mu4 biao1. xian4 lu4 jiang1 zhou4 ye4 you3 ren2 zhi2 shou3."
say birch-interpreter en-us+f2 65 155 "We agree. Energy and infrastructure should not be targets. The line will be attended day and night."

# What a telephone is told before it is on a call that is recorded: mu-law at 8 kHz, as
# it goes out.
cd ../../../call/sip/speech

# recorded LANGUAGE VOICE TEXT
recorded() {
	espeak-ng -v "$2" -s 140 -a 100 -w "$made/r.wav" "$3"
	opusenc --quiet --speech --bitrate 48 --downmix-mono "$made/r.wav" "$made/r.opus"
	opusdec --quiet --rate 8000 --no-dither "$made/r.opus" "$made/r8.wav"
	python3 - "$made/r8.wav" "recorded-$1.ulaw" <<'MULAW'
import sys, wave
w = wave.open(sys.argv[1])
assert (w.getframerate(), w.getnchannels(), w.getsampwidth()) == (8000, 1, 2)
b = w.readframes(w.getnframes())
s = [int.from_bytes(b[i:i + 2], "little", signed=True) for i in range(0, len(b), 2)]
loud = [i for i, v in enumerate(s) if abs(v) > 200]
s = s[loud[0]:loud[-1] + 1]
gain = 0.5 * 32767 / max(map(abs, s))
def mu(v):
    sign, v = (0x80, -v) if v < 0 else (0, v)
    v = min(v, 32635) + 132
    e = max(v.bit_length() - 8, 0)
    return ~(sign | e << 4 | v >> (e + 3) & 15) & 255
open(sys.argv[2], "wb").write(bytes(mu(int(v * gain)) for v in s))
MULAW
}

recorded en en-gb "This call is recorded."
recorded zh cmn-latn-pinyin "ci3 tong1 hua4 zheng4 zai4 lu4 yin1."
recorded ar ar "هذه المكالمة مسجلة."
recorded fr fr "Cet appel est enregistré."
recorded es es "Esta llamada se está grabando."
recorded ru ru "Этот разговор записывается."
