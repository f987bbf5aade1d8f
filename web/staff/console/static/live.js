/* Keeps parts of a page up to date without reloading it: every element with data-live (seconds) and an id is fetched anew
   and exchanged where it has changed; on a page that has one, so is what has data-live-too. Whatever has the focus keeps
   it. Without this script a page is as it was opened. */
"use strict";
(() => {
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  if (parts().length === 0) return;
  const seconds = Math.max(1, Number(parts()[0].dataset.live) || 3);
  const status = document.getElementById("live-status");
  const say = (word) => { if (status && status.dataset.is !== word) { status.dataset.is = word; status.textContent = status.dataset[word] || ""; } };
  let wait = seconds;
  let tag = null;

  const exchange = (fresh) => {
    for (const part of document.querySelectorAll("[data-live][id], [data-live-too][id]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.innerHTML = next.innerHTML;
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }
  };

  const look = async () => {
    try {
      const known = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(location.href, { headers: { "X-Live": "1", ...known }, credentials: "same-origin", redirect: "error" });
      if (answer.status === 401) { location.assign("/sign-in?back=" + encodeURIComponent(location.pathname + location.search)); return; }
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(String(answer.status));
        exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
        tag = answer.headers.get("ETag");
      }
      say("fresh");
      wait = seconds;
    } catch {
      say("stale");
      wait = Math.min(wait * 2, 30);
    }
    setTimeout(later, wait * 1000);
  };
  const later = () => { if (document.hidden) { setTimeout(later, 1000); } else { look(); } };
  setTimeout(later, wait * 1000);
})();
