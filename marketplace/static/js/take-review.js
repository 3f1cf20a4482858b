// <take-review>: keys for watching takes. Without this file each video has the browser's own controls and every act has its button.
// Space or K plays, J and L go 5 s, "," and "." one frame, 1 and 2 flick between takes at the same time, "[" and "]" loop, M comments here.

const FRAME = 1 / 24;
const JUMPS = { j: -5, l: 5, ",": -FRAME, ".": FRAME, ArrowLeft: -FRAME, ArrowRight: FRAME };
const isTyping = (element) => element.closest("input:not([type=checkbox],[type=radio]), textarea, select");

class TakeReview extends HTMLElement {
  connectedCallback() {
    this.videos = [...this.querySelectorAll("video")];
    this.active = this.videos[0];
    this.loop = { from: null, to: null };
    for (const video of this.videos) {
      video.addEventListener("play", () => { this.active = video; });
      video.addEventListener("timeupdate", () => this.#keepLoop(video));
    }
    this.onKey = (event) => this.#key(event);
    document.addEventListener("keydown", this.onKey);
    this.addEventListener("click", (event) => this.#click(event));
    this.comment = this.querySelector("[data-comment]");
    this.comment?.addEventListener("focus", () => this.#stamp());
    this.#openAt(new URLSearchParams(location.search).get("t"));
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
  }

  #key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || !this.active) return;
    if (event.key === " " && event.target.closest("button, a, summary, video")) return;
    if (!this.#act(event.key)) return;
    event.preventDefault();
  }

  #act(key) {
    const { active } = this;
    if (key in JUMPS) active.currentTime += JUMPS[key];
    else if (key === " " || key === "k") active.paused ? active.play() : active.pause();
    else if (key === "[") this.loop.from = active.currentTime;
    else if (key === "]") this.loop.to = this.loop.to === null ? active.currentTime : null;
    else if (key === "m" && this.comment) this.comment.focus();
    else if (["1", "2", "3", "4"].includes(key) && this.videos[key - 1]) this.#flick(this.videos[key - 1]);
    else return false;
    return true;
  }

  #flick(video) {
    if (video === this.active) return;
    const playing = !this.active.paused;
    video.currentTime = this.active.currentTime;
    this.active.pause();
    this.active = video;
    video.focus();
    if (playing) video.play();
  }

  #keepLoop(video) {
    const { from, to } = this.loop;
    if (from !== null && to !== null && to > from && video.currentTime >= to) video.currentTime = from;
  }

  #click(event) {
    const link = event.target.closest("[data-at]");
    if (!link || !this.active) return;
    event.preventDefault();
    this.active.currentTime = Number(link.dataset.at);
    this.active.pause();
  }

  #stamp() {
    this.active?.pause();
    const at = this.querySelector("[data-comment-at]");
    if (at && this.active) at.value = Math.round(this.active.currentTime * 1000);
  }

  #openAt(time) {
    if (time && this.active && Number.isFinite(Number(time))) this.active.currentTime = Number(time);
  }
}

customElements.define("take-review", TakeReview);
