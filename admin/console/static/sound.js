// Short tones, made here: one for a new question, another for an urgent one.

const NEW = [[660, 0, 0.18], [880, 0.16, 0.3]]; // hertz, begins, lasts (seconds)
const URGENT = [[988, 0, 0.14], [988, 0.22, 0.14], [988, 0.44, 0.14], [1319, 0.66, 0.4]];
const LOUD = 0.15;

let audio = null;

// Browsers let a page be heard once somebody has pressed something on it.
const wake = () => {
  audio ??= new AudioContext();
  audio.resume();
};
for (const press of ["pointerdown", "keydown"]) addEventListener(press, wake, { once: true });

export function play(isUrgent) {
  audio ??= new AudioContext();
  if (audio.state !== "running") return;
  for (const [pitch, begins, lasts] of isUrgent ? URGENT : NEW) {
    const [tone, level] = [audio.createOscillator(), audio.createGain()];
    const at = audio.currentTime + begins;
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(LOUD, at + 0.02);
    level.gain.exponentialRampToValueAtTime(0.0001, at + lasts);
    tone.connect(level).connect(audio.destination);
    tone.start(at);
    tone.stop(at + lasts);
  }
}
