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
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
}

// After a failed form the summary of what to fix is read first.
document.querySelector("[data-focus]")?.focus();

// The portrait glides from its card to the actor's page.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".card h2 a");
  const portrait = link?.closest(".card").querySelector(".portrait");
  if (portrait) portrait.style.viewTransitionName = "portrait";
});

// A select or radio marked so sends its form at once; without scripts a button stands beside it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form && !form.hasAttribute("hx-get")) form.requestSubmit();
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
