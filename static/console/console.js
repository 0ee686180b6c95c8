// Everything here only adds: each page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  // Times come in UTC; the reader sees their own, with UTC on hover.
  const local = new Intl.DateTimeFormat(root.lang || undefined, { dateStyle: "medium", timeStyle: "short" });
  const localize = (within) => {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.textContent = local.format(at);
    }
  };

  // Copying, also on plain HTTP where there is no navigator.clipboard.
  const copyText = async (field) => {
    if (navigator.clipboard && window.isSecureContext) {
      try {
        await navigator.clipboard.writeText(field.value);
        return true;
      } catch {
        // Not allowed: try the old way.
      }
    }
    field.focus();
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    }
  };
  const readyToCopy = (within) => {
    for (const button of within.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const copied = await copyText(document.getElementById(button.dataset.copy));
        const said = document.getElementById(button.dataset.says);
        said.textContent = copied ? button.dataset.done : button.dataset.failed;
        if (copied) {
          button.focus();
          button.dispatchEvent(new CustomEvent("console:copied", { bubbles: true }));
        }
      });
    }
  };

  // A secret that is shown once: leaving asks, until it was copied or ticked off.
  const guarded = document.querySelector("[data-leaving-asks]");
  if (guarded) {
    const ask = (event) => event.preventDefault();
    const kept = () => window.removeEventListener("beforeunload", ask);
    window.addEventListener("beforeunload", ask);
    // By the button, by hand, or by a link that keeps it; a copy that failed does not count.
    guarded.addEventListener("console:copied", kept);
    guarded.addEventListener("copy", (event) => {
      if (event.target.closest("input, textarea")) kept();
    });
    guarded.addEventListener("click", (event) => {
      if (event.target.closest("[data-kept]")) kept();
    });
  }

  // Menus close on Escape and on a click elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    closeMenus();
    open.querySelector("summary").focus();
  });

  // After a swap: one short sentence is spoken, and what only makes sense while an agent lives goes away.
  const follow = () => {
    const sentence = document.querySelector("[data-sentence]");
    const said = document.getElementById("said");
    if (sentence && said && said.textContent !== sentence.textContent) said.textContent = sentence.textContent;
    if (!document.querySelector("[data-ended]")) return;
    for (const part of document.querySelectorAll("[data-while-live]")) {
      const hadFocus = part.contains(document.activeElement);
      part.hidden = true;
      if (hadFocus) document.querySelector("h1").focus();
    }
  };
  document.addEventListener("htmx:afterSettle", () => {
    localize(document);
    follow();
  });

  // A passkey that could not be used says why, instead of nothing.
  document.addEventListener("allauth.error", (event) => {
    const line = document.getElementById("passkey-said");
    if (!line) return;
    event.preventDefault();
    const name = event.detail.exception && event.detail.exception.name;
    line.textContent =
      name === "NotAllowedError" ? line.dataset.cancelled
      : name === "SecurityError" ? line.dataset.insecure
      : line.dataset.failed;
    line.hidden = false;
  });

  localize(document);
  readyToCopy(document);
  const problem = document.querySelector(".problem[role='alert']");
  if (problem) problem.focus();
})();
