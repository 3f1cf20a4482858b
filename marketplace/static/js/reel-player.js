// <reel-player>: an actor's clips as one reel, a strip of flavours below. Without this file the video has the browser's own
// controls and the strip has plain links.

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const JUMPS = { j: -5, l: 5, ArrowLeft: -2, ArrowRight: 2, ",": -1 / 24, ".": 1 / 24 };
const ACTS = { k: "toggle", " ": "toggle", m: "mute", f: "full" };
const NEXT_SPEED = { 1: 1.5, 1.5: 0.5, 0.5: 1 };

class ReelPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.stretches = [...this.querySelectorAll(".strip a")];
    this.current = this.querySelector(".strip a[aria-current]") ?? this.stretches[0];
    this.video.controls = false;
    this.querySelector(".bar").hidden = false;
    this.querySelector(".play").hidden = false;
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["timeupdate", "play", "pause", "loadedmetadata"]) {
      this.video.addEventListener(name, () => this.#paint());
    }
    this.video.addEventListener("ended", () => this.#nextClip());
    this.#paint();
  }

  #click(event) {
    const part = event.target.closest(".strip a");
    if (part) {
      event.preventDefault();
      this.#show(part);
      this.#play();
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
    if (what === "toggle") video.paused ? this.#play() : video.pause();
    if (what === "mute") video.muted = !video.muted;
    if (what === "full") document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen();
    if (what === "speed") {
      video.playbackRate = NEXT_SPEED[video.playbackRate] ?? 1;
      button.textContent = `${video.playbackRate}×`;
    }
  }

  // A browser may refuse to play, or have nothing to play: the controls then simply stay as they are.
  #play() {
    this.video.play().catch(() => this.#paint());
  }

  #show(part) {
    const { video } = this;
    const starts = Number(part.dataset.starts);
    this.jumping = true;
    if (part.dataset.src !== this.current?.dataset.src) {
      video.poster = part.dataset.poster ?? "";
      video.src = part.dataset.src;
      const backdrop = this.querySelector(".backdrop");
      if (backdrop && part.dataset.poster) backdrop.src = part.dataset.poster;
    }
    this.#mark(part);
    if (video.readyState) video.currentTime = starts;
    else if (starts) video.addEventListener("loadedmetadata", () => { video.currentTime = starts; }, { once: true });
  }

  #mark(part) {
    this.current?.removeAttribute("aria-current");
    part.setAttribute("aria-current", "true");
    this.current = part;
    const now = this.querySelector(".now");
    now.dataset.family = part.dataset.family;
    now.lastElementChild.textContent = part.getAttribute("aria-label").split(":")[0];
  }

  #nextClip() {
    const next = this.stretches.slice(this.stretches.indexOf(this.current) + 1).find((part) => part.dataset.src !== this.current.dataset.src);
    if (!next) return;
    this.#show(next);
    this.#play();
  }

  #paint() {
    const { video } = this;
    const at = video.currentTime;
    if (this.jumping && at + 0.1 >= Number(this.current?.dataset.starts)) this.jumping = false;
    const here = this.jumping ? null : this.stretches.findLast((part) => part.dataset.src === this.current?.dataset.src && Number(part.dataset.starts) <= at);
    if (here && here !== this.current && !video.paused) this.#mark(here);
    this.toggleAttribute("data-playing", !video.paused);
    this.querySelector(".play").hidden = !video.paused || at > 0;
    const known = this.stretches.filter((part) => part.dataset.src === this.current?.dataset.src);
    const length = video.duration || known.reduce((sum, part) => sum + Number(part.dataset.seconds), 0) || 1;
    this.querySelector(".time").textContent = `${clock(at)} / ${clock(length)}`;
    if (this.current) this.#moveHead(at);
  }

  #moveHead(at) {
    const { x, width, starts, seconds } = this.current.dataset;
    const share = Math.min(1, Math.max(0, (at - Number(starts)) / (Number(seconds) || 1)));
    const place = `${Number(x) + Number(width) * share}%`;
    const head = this.querySelector(".head");
    head.setAttribute("x1", place);
    head.setAttribute("x2", place);
  }
}

customElements.define("reel-player", ReelPlayer);
