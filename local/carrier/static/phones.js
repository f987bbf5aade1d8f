// Keeps lists fresh without redrawing them, sends replies without leaving the page, and lets the service's clock tick.
// The pages work without it.

const EVERY_MS = 1500;
const offline = document.querySelector("[data-offline]");
const wake = new EventTarget();

/** Brings the children of `live` in line with those of `fresh`. What is the same stays the same element. */
function merge(live, fresh) {
  const focused = document.activeElement?.id;
  const wanted = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...live.children]) if (!wanted.has(child.id)) child.remove();
  let place = live.firstElementChild;
  for (const child of [...fresh.children]) {
    const old = child.id && [...live.children].find((one) => one.id === child.id);
    if (!old) {
      live.insertBefore(child, place);
      continue;
    }
    update(old, child);
    if (old === place) place = place.nextElementSibling;
    else live.insertBefore(old, place);
  }
  // Moving an element takes the focus from it.
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Only the parts that differ are replaced, so that a delivered text is not read out a second time. */
function update(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  old.className = fresh.className;
  if (old.children.length !== fresh.children.length) {
    old.replaceChildren(...fresh.childNodes);
    return;
  }
  const parts = [...fresh.children];
  [...old.children].forEach((part, index) => {
    if (part.outerHTML !== parts[index].outerHTML) part.replaceWith(parts[index]);
  });
}

function pause(milliseconds) {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    wake.addEventListener("now", () => { clearTimeout(timer); done(); }, { once: true });
  });
}

async function keepFresh(live) {
  for (;;) {
    await pause(EVERY_MS);
    if (document.hidden) continue;
    try {
      const answer = await fetch(live.dataset.poll, { headers: { "If-None-Match": live.dataset.version } });
      if (answer.status === 200) {
        const fresh = document.createElement("template");
        fresh.innerHTML = await answer.text();
        merge(live, fresh.content);
        live.dataset.version = answer.headers.get("etag");
      }
      offline.textContent = "";
    } catch {
      offline.textContent = offline.dataset.offline;
    }
  }
}

async function sendQuietly(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector("button");
  const error = document.getElementById("reply-error");
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok) throw new Error(answer.statusText);
    form.reset();
    if (error) error.textContent = "";
    wake.dispatchEvent(new Event("now"));
  } catch {
    if (error) error.textContent = form.dataset.error;
  }
  button.removeAttribute("aria-disabled");
}

function tick(time) {
  const speed = Number(time.dataset.speed);
  const virtual = Date.parse(time.dateTime);
  const real = Date.now();
  const options = { timeZone: time.dataset.zone };
  const locale = `${document.documentElement.lang}-CA`;
  const day = new Intl.DateTimeFormat(locale, { ...options, month: "short", day: "numeric" });
  const hour = new Intl.DateTimeFormat(locale, { ...options, timeStyle: "short" });
  setInterval(() => {
    const moment = new Date(virtual + (Date.now() - real) * speed);
    time.querySelector(".clock-day").textContent = `${day.format(moment)}, `;
    time.querySelector("b").textContent = hour.format(moment);
  }, 500);
}

document.querySelectorAll("[data-poll]").forEach(keepFresh);
document.querySelectorAll("[data-speed]").forEach(tick);
document.querySelectorAll("form[data-quiet]").forEach((form) => form.addEventListener("submit", sendQuietly));
document.addEventListener("visibilitychange", () => wake.dispatchEvent(new Event("now")));
document.querySelector("textarea")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.currentTarget.form.requestSubmit();
  }
});
