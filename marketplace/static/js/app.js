// Small comforts on every page. Each page works without this file.

const isTyping = (element) => element.closest("input:not([type=checkbox],[type=radio],[type=range]), textarea, select, [contenteditable]");

// "/" goes to the search field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  const search = document.querySelector("search input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
});

// Times are shown in the reader's zone from the second page on; a zone chosen in the settings wins on the server.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("zone=")) {
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}

// The row of places on a phone shows the current one.
const here = document.querySelector(".side-nav [aria-current]");
here?.parentElement.scrollTo({ left: here.offsetLeft - 60 });

// After a failed form the summary of what to fix is read first.
document.querySelector("[data-focus]")?.focus();

// The portrait glides from its card to the actor's page.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".card h2 a");
  const portrait = link?.closest(".card").querySelector(".portrait");
  if (portrait) portrait.style.viewTransitionName = "portrait";
});

// A form that can show its page anew on every change has a button for it; with htmx the button is not needed, with scripts
// alone a change presses it. One with data-live is shown instead.
const hideRefreshers = () => {
  for (const button of document.querySelectorAll("button[data-refresh]")) button.hidden = true;
  for (const button of document.querySelectorAll("button[data-live]")) button.hidden = false;
};
hideRefreshers();
document.addEventListener("htmx:after:swap", hideRefreshers);
document.addEventListener("change", (event) => {
  const form = event.target.form;
  const button = form?.querySelector("button[data-refresh]");
  if (button && !window.htmx) form.requestSubmit(button);
});

// Saving an actor stays where the reader is; without scripts the page comes back.
document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.matches(".save")) return;
  event.preventDefault();
  const answer = await fetch(button.formAction, { method: "POST", body: new FormData(event.target, button) });
  if (!answer.ok) return location.reload();
  const saved = button.value === "1";
  button.setAttribute("aria-pressed", String(saved));
  button.value = saved ? "0" : "1";
});

// Keys named on buttons press them: <button data-key="a">.
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (!/^[a-z?]$/.test(key)) return;
  const button = document.querySelector(`[data-key="${key}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
