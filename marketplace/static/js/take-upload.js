// <take-upload>: sends a file by the tus 1.0 core protocol in chunks and goes on where it stopped, also after a reload.
// Without this file, or without data-endpoint, the surrounding form sends the file in one piece.

const CHUNK = 8 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
const LONGEST_WAIT = 30_000;

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`);

class Refusal extends Error {}

class TakeUpload extends HTMLElement {
  connectedCallback() {
    if (!this.dataset.endpoint) return;
    this.busy = new Set();
    this.input = this.querySelector("input[type=file]");
    this.input.addEventListener("change", () => this.#sendAll([...this.input.files]));
    const drop = this.querySelector(".drop");
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.#sendAll([...event.dataTransfer.files]);
    });
    addEventListener("beforeunload", (event) => { if (this.busy.size) event.preventDefault(); });
  }

  async #sendAll(files) {
    const fields = this.#fields();
    this.input.value = "";
    for (const file of files) await this.#send(file, fields);
    if (this.sent && !this.busy.size) location.reload();
  }

  #fields() {
    const form = this.closest("form");
    const typed = form ? Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token")) : {};
    return { ...JSON.parse(this.dataset.fields || "{}"), ...typed };
  }

  async #send(file, fields) {
    const row = this.#row(file);
    this.busy.add(file);
    try {
      const url = await this.#place(file, fields);
      await this.#patchAll(file, url, row);
      localStorage.removeItem(this.#mark(file));
      row.say("Delivered");
      this.sent = true;
    } catch (error) {
      row.say(error instanceof Refusal ? error.message : "This file could not be sent. Nothing was delivered.");
    }
    this.busy.delete(file);
  }

  #mark(file) {
    return `upload:${this.dataset.endpoint}:${file.name}:${file.size}:${file.lastModified}`;
  }

  async #place(file, fields) {
    const known = localStorage.getItem(this.#mark(file));
    if (known && (await this.#offset(known)) !== null) return known;
    const metadata = Object.entries({ filename: file.name, filetype: file.type, ...fields }).map(([key, value]) => `${key} ${base64(String(value))}`).join(",");
    const answer = await this.#ask(this.dataset.endpoint, "POST", { "Upload-Length": file.size, "Upload-Metadata": metadata });
    if (answer.status !== 201) throw new Refusal(await this.#reason(answer));
    const url = new URL(answer.headers.get("Location"), location.href).href;
    localStorage.setItem(this.#mark(file), url);
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
    return words && words.length < 300 && !words.startsWith("<") ? words : "The server refused this file. Nothing was delivered.";
  }

  #row(file) {
    const box = document.createElement("div");
    box.className = "meter";
    const head = document.createElement("div");
    head.className = "row between nowrap";
    const name = document.createElement("span");
    name.className = "truncate grow";
    name.textContent = file.name;
    const told = document.createElement("span");
    told.className = "num muted nowrap-text";
    const pause = document.createElement("button");
    pause.type = "button";
    pause.className = "btn btn-quiet btn-sm";
    pause.textContent = "Pause";
    const bar = document.createElement("progress");
    bar.max = file.size;
    bar.value = 0;
    bar.setAttribute("aria-label", `Uploading ${file.name}`);
    head.append(name, told, pause);
    box.append(head, bar);
    this.querySelector(".rows").append(box);
    const row = {
      paused: false,
      say: (words) => { told.textContent = words; },
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
    row.say(size(file.size));
    return row;
  }
}

customElements.define("take-upload", TakeUpload);
