package webtest

import "fmt"

// ears hear what a page plays and speaks. A tone counts once the browser has played it to
// its end; loudest is the largest sample that went to the loudspeaker.
const ears = `{
	window.tones = [];
	window.loudest = 0;
	window.spoken = [];
	const ears = new WeakMap();
	const connect = AudioNode.prototype.connect;
	AudioNode.prototype.connect = function (to, ...more) {
		const c = this.context;
		if (to === c.destination) {
			if (!ears.has(c)) ears.set(c, new AnalyserNode(c, { fftSize: 32768 }));
			connect.call(this, ears.get(c));
		}
		return connect.call(this, to, ...more);
	};
	const start = AudioScheduledSourceNode.prototype.start;
	AudioScheduledSourceNode.prototype.start = function (...at) {
		this.addEventListener("ended", () => {
			const ear = ears.get(this.context);
			const samples = new Float32Array(ear.fftSize);
			ear.getFloatTimeDomainData(samples);
			window.loudest = Math.max(window.loudest, ...samples);
			window.tones.push(this.frequency.value);
		});
		return start.apply(this, at);
	};
	speechSynthesis.getVoices = () => [{ localService: false, lang: "zh-CN" }, { localService: true, lang: "zh-CN" }];
	speechSynthesis.speak = (words) => window.spoken.push((words.voice.localService ? "" : "sent away: ") + words.text);
	window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
}`

// plays waits until the tablet has played a tune and said a sentence, and nothing else,
// since it was asked last.
func (p *tablet) plays(tune, sentence string) {
	p.Helper()
	p.until(fmt.Sprintf(`window.tones.join(" ") === %q && window.loudest > 0.1`, tune))
	if said := p.eval(`window.spoken.join("; ")`); said != sentence {
		p.Errorf("the till says %q, want %q", said, sentence)
	}
	p.eval(`(window.tones = [], window.loudest = 0, window.spoken = [], "")`)
}

// The tunes of the till.
const (
	tunePaid = "660 880"
	tuneLate = "880 660 880 660 880 660"
)
