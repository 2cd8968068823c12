#!/bin/sh
# Makes the voices of the demonstration again: what each says is synthesized by
# espeak-ng and encoded by opusenc (opus-tools). The product only reads the files.
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
