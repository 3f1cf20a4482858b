// <take-upload>: its form sends the chosen files by the tus 1.0 core protocol in chunks and goes on where it stopped, also after a reload.
// Without this file, or without data-endpoint, the form sends one file in one piece.

const CHUNK = 8 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
const LONGEST_WAIT = 30_000;

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`);

class Refusal extends Error {}

class TakeUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    if (!this.dataset.endpoint || !this.form) return;
    this.rows = new Map();
    this.input = this.querySelector("input[type=file]");
    this.input.multiple = true;
    this.input.addEventListener("change", () => this.#list());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendAll();
    });
    const drop = this.querySelector(".drop");
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.input.files = event.dataTransfer.files;
      this.#list();
    });
    addEventListener("beforeunload", (event) => { if (this.sending) event.preventDefault(); });
  }

  #list() {
    if (this.sending) return;
    this.querySelector(".rows").replaceChildren();
    this.rows = new Map([...this.input.files].map((file) => [file, this.#row(file)]));
  }

  async #sendAll() {
    if (this.sending) return;
    if (!this.rows.size) return this.#tell("Choose a video file first. Nothing was sent.");
    const fields = this.#fields();
    this.sending = true;
    for (const [file, row] of this.rows) if (!row.sent) await this.#send(file, fields, row);
    this.sending = false;
    if ([...this.rows.values()].every((row) => row.sent)) location.assign(location.pathname + location.search);
  }

  #tell(words) {
    const rows = this.querySelector(".rows");
    rows.querySelector("p")?.remove();
    rows.append(Object.assign(document.createElement("p"), { className: "sm", textContent: words }));
    this.input.focus();
  }

  #fields() {
    const typed = [...new FormData(this.form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token");
    return { ...JSON.parse(this.dataset.fields || "{}"), ...Object.fromEntries(typed) };
  }

  async #send(file, fields, row) {
    row.begin();
    try {
      const url = await this.#place(file, fields);
      await this.#patchAll(file, url, row);
      localStorage.removeItem(this.#mark(file));
      row.end("Sent", true);
    } catch (error) {
      row.end(error instanceof Refusal ? error.message : "Not sent. Send it again to go on where it stopped.");
    }
  }

  #mark(file) {
    return `sending:${this.dataset.endpoint}:${file.name}:${file.size}:${file.lastModified}`;
  }

  // an upload begun earlier goes on, if the form says the same
  async #place(file, fields) {
    const said = JSON.stringify(fields);
    const known = JSON.parse(localStorage.getItem(this.#mark(file)) || "{}");
    if (known.url && known.said === said && (await this.#offset(known.url)) !== null) return known.url;
    const metadata = Object.entries({ filename: file.name, filetype: file.type, ...fields }).map(([key, value]) => `${key} ${base64(String(value))}`).join(",");
    const answer = await this.#ask(this.dataset.endpoint, "POST", { "Upload-Length": file.size, "Upload-Metadata": metadata });
    if (answer.status !== 201) throw new Refusal(await this.#reason(answer));
    const url = new URL(answer.headers.get("Location"), location.href).href;
    localStorage.setItem(this.#mark(file), JSON.stringify({ url, said }));
    return url;
  }

  async #offset(url) {
    const answer = await this.#ask(url, "HEAD");
    return answer.ok ? Number(answer.headers.get("Upload-Offset")) : null;
  }

  async #patchAll(file, url, row) {
    let offset = (await this.#offset(url)) ?? 0;
    let wait = 1000;
    const start = { at: performance.now(), offset };
    while (offset < file.size) {
      if (row.paused) { await sleep(200); continue; }
      try {
        const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
        const answer = await this.#ask(url, "PATCH", headers, file.slice(offset, offset + CHUNK));
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 409 && answer.status !== 429) throw new Refusal(await this.#reason(answer));
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        offset = Number(answer.headers.get("Upload-Offset"));
        wait = 1000;
        row.show(offset, ((offset - start.offset) * 1000) / (performance.now() - start.at));
      } catch (error) {
        if (error instanceof Refusal) throw error;
        row.say("Waiting for network");
        await sleep(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
        offset = (await this.#offset(url).catch(() => null)) ?? offset;
      }
    }
  }

  #ask(url, method, headers = {}, body = undefined) {
    return fetch(url, { method, body, credentials: "same-origin", headers: { ...TUS, "X-CSRFToken": this.dataset.token, ...headers } });
  }

  async #reason(answer) {
    const words = (await answer.text()).trim();
    return words && words.length < 300 && !words.startsWith("<") ? words : "This file was refused.";
  }

  #row(file) {
    const make = (tag, className, more) => Object.assign(document.createElement(tag), { className, ...more });
    const quiet = "num muted nowrap-text";
    const box = make("div", "meter");
    const head = make("div", "row between nowrap");
    const told = make("span", quiet, { textContent: size(file.size) });
    head.append(make("span", "truncate grow", { textContent: file.name }), told);
    box.append(head);
    this.querySelector(".rows").append(box);
    const pause = make("button", "btn btn-quiet btn-sm", { type: "button" });
    const bar = make("progress", "", { max: file.size, ariaLabel: `Uploading ${file.name}` });
    const row = {
      paused: false,
      sent: false,
      begin: () => {
        told.className = quiet;
        pause.textContent = "Pause";
        bar.value = 0;
        head.append(pause);
        box.append(bar);
      },
      say: (words) => { told.textContent = words; },
      end: (words, sent = false) => {
        row.sent = sent;
        row.paused = false;
        pause.remove();
        bar.remove();
        told.textContent = words;
        told.className = sent ? quiet : "refusal";
        head.classList.toggle("nowrap", sent);
      },
      show: (done, rate) => {
        bar.value = done;
        const left = rate > 0 ? `, about ${Math.max(1, Math.round((file.size - done) / rate))} s left` : "";
        told.textContent = `${size(done)} of ${size(file.size)}${done < file.size ? left : ""}`;
      },
    };
    pause.addEventListener("click", () => {
      row.paused = !row.paused;
      pause.textContent = row.paused ? "Go on" : "Pause";
    });
    return row;
  }
}

customElements.define("take-upload", TakeUpload);
