// <reel-player>: an actor's clips as one reel. Without this file the video has the browser's own controls and the strip has plain links.

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const JUMPS = { j: -5, l: 5, ArrowLeft: -2, ArrowRight: 2, ",": -1 / 24, ".": 1 / 24 };
const ACTS = { k: "toggle", " ": "toggle", m: "mute", f: "full" };
const NEXT_SPEED = { 1: 1.5, 1.5: 0.5, 0.5: 1 };

class ReelPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.clips = [...this.querySelectorAll(".strip a")];
    this.clip = this.querySelector(".strip a[aria-current]") ?? this.clips[0];
    this.video.controls = false;
    this.querySelector(".bar").hidden = false;
    this.querySelector(".play").hidden = false;
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["timeupdate", "play", "pause", "loadedmetadata"]) {
      this.video.addEventListener(name, () => this.#paint());
    }
    this.video.addEventListener("ended", () => this.#next());
  }

  #click(event) {
    const clip = event.target.closest(".strip a");
    if (clip) {
      event.preventDefault();
      this.#show(clip);
      this.video.play();
      return;
    }
    if (event.target === this.video || event.target.closest(".play")) this.#act("toggle");
    const button = event.target.closest("[data-do]");
    if (button) this.#act(button.dataset.do, button);
  }

  #key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button, a")) return;
    const jump = JUMPS[event.key];
    const act = ACTS[event.key];
    if (!jump && !act) return;
    event.preventDefault();
    if (jump) this.video.currentTime += jump;
    if (act) this.#act(act);
  }

  #act(what, button) {
    const { video } = this;
    if (what === "toggle") video.paused ? video.play() : video.pause();
    if (what === "mute") video.muted = !video.muted;
    if (what === "full") document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen();
    if (what === "speed") {
      video.playbackRate = NEXT_SPEED[video.playbackRate] ?? 1;
      button.textContent = `${video.playbackRate}×`;
    }
  }

  #show(clip) {
    for (const other of this.clips) other.removeAttribute("aria-current");
    clip.setAttribute("aria-current", "true");
    if (clip.dataset.src !== this.clip?.dataset.src) {
      this.video.poster = clip.dataset.poster;
      this.video.src = clip.dataset.src;
    }
    this.video.currentTime = 0;
    this.clip = clip;
    const now = this.querySelector(".now");
    now.dataset.family = clip.dataset.family;
    now.lastElementChild.textContent = clip.dataset.label;
  }

  #next() {
    const clip = this.clips[this.clips.indexOf(this.clip) + 1];
    if (!clip) return;
    this.#show(clip);
    this.video.play();
  }

  #paint() {
    const { video, clip } = this;
    const length = video.duration || Number(clip?.dataset.seconds) || 1;
    this.toggleAttribute("data-playing", !video.paused);
    this.querySelector(".play").hidden = !video.paused || video.currentTime > 0;
    this.querySelector(".time").textContent = `${clock(video.currentTime)} / ${clock(length)}`;
    if (!clip) return;
    const x = `${Number(clip.dataset.x) + (Number(clip.dataset.width) * video.currentTime) / length}%`;
    const head = this.querySelector(".head");
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
  }
}

customElements.define("reel-player", ReelPlayer);
