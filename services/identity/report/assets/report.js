"use strict";
(() => {
  const scroll = document.getElementById("scroll");
  const toast = document.getElementById("toast");
  const MIN_PX_BETWEEN_CUTS = 6;
  const REACH_PX = 3;
  const MARK_NUMBERS = 3;

  const pad = (number, digits) => String(number).padStart(digits, "0");

  function timecode(ms) {
    const seconds = Math.floor(ms / 1000);
    return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
      .map((part) => pad(part, 2)).join(":") + "." + pad(Math.floor(ms) % 1000, 3);
  }

  function say(text) {
    toast.textContent = text;
    toast.classList.add("on");
    clearTimeout(say.timer);
    say.timer = setTimeout(() => toast.classList.remove("on"), 2200);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "vh";
      document.body.append(area);
      const focused = document.activeElement;
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      if (focused) focused.focus();
      if (!copied) {
        say(text);
        return;
      }
    }
    say("Copied " + text);
  }

  function setUpTimeline() {
    const lanes = JSON.parse(document.getElementById("lane-data").textContent);
    const duration = Number(scroll.dataset.duration);
    const cuts = Number(scroll.dataset.cuts);
    const zooms = scroll.dataset.zooms.split(" ").map(Number);
    const cursor = document.getElementById("cursor");
    const tip = document.getElementById("tip");
    const chosen = new Map();
    let hovered = null;

    const markCount = (lane) => lanes[lane].length / MARK_NUMBERS;
    const mark = (lane, index) => {
      const [start, end, appearances] = lanes[lane].slice(index * MARK_NUMBERS, (index + 1) * MARK_NUMBERS);
      return { start, end, appearances };
    };

    /** Index of the mark at a time, or of the nearest one within reach; -1 where there is none. */
    function markAt(lane, ms, reach) {
      let low = 0;
      let high = markCount(lane) - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (mark(lane, middle).end < ms) low = middle + 1;
        else high = middle;
      }
      const candidates = [low, low - 1].filter((index) => index >= 0 && index < markCount(lane));
      const away = (index) => Math.max(mark(lane, index).start - ms, ms - mark(lane, index).end, 0);
      const nearest = candidates.sort((a, b) => away(a) - away(b))[0];
      return nearest !== undefined && away(nearest) <= reach ? nearest : -1;
    }

    const span = ({ start, end }) => timecode(start) + " - " + timecode(end);

    function describe(found) {
      const length = ((found.end - found.start) / 1000).toFixed(3) + " s";
      return span(found) + "\n" + length + (found.appearances > 1 ? ", " + found.appearances + " appearances" : "");
    }

    function place(lane, event) {
      const box = lane.getBoundingClientRect();
      const ms = Math.min(duration, Math.max(0, ((event.clientX - box.left) / box.width) * duration));
      return { ms, reach: (REACH_PX / box.width) * duration };
    }

    function showTip(text, x, y) {
      tip.textContent = text;
      tip.hidden = false;
      const left = Math.min(x + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
      tip.style.left = Math.max(8, left) + "px";
      tip.style.top = (y + 22 + tip.offsetHeight > innerHeight ? y - 14 - tip.offsetHeight : y + 22) + "px";
    }

    function hide() {
      hovered = null;
      tip.hidden = true;
      cursor.hidden = true;
    }

    function drawCursor(lane, ms) {
      cursor.style.left = lane.offsetLeft + (ms / duration) * lane.offsetWidth + "px";
      cursor.hidden = false;
    }

    function step(lane, by) {
      const number = lane.dataset.lane;
      const last = markCount(number) - 1;
      if (last < 0) return;
      const before = chosen.get(number);
      const index = before === undefined ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, before + by));
      chosen.set(number, index);
      const found = mark(number, index);
      drawCursor(lane, found.start);
      const names = lane.offsetLeft;
      const x = (found.start / duration) * lane.offsetWidth;
      scroll.scrollLeft = Math.max(0, x - (scroll.clientWidth - names) / 2);
      const box = lane.getBoundingClientRect();
      showTip(describe(found), Math.max(box.left + x, names), box.top);
      say(span(found));
    }

    scroll.addEventListener("pointermove", (event) => {
      const lane = event.target.closest(".lane");
      if (!lane) {
        hide();
        return;
      }
      const { ms, reach } = place(lane, event);
      const index = markAt(lane.dataset.lane, ms, reach);
      hovered = { lane, index };
      lane.classList.toggle("over", index >= 0);
      drawCursor(lane, ms);
      showTip(index >= 0 ? describe(mark(lane.dataset.lane, index)) : timecode(ms), event.clientX, event.clientY);
    });
    scroll.addEventListener("pointerleave", hide);
    scroll.addEventListener("focusout", hide);
    scroll.addEventListener("click", (event) => {
      const lane = event.target.closest(".lane");
      if (!lane) return;
      const { ms, reach } = place(lane, event);
      // A click's position is rounded to whole pixels: what was pointed at wins, so that the tip and the copy agree.
      const index = hovered && hovered.lane === lane ? hovered.index : markAt(lane.dataset.lane, ms, reach);
      if (index < 0) return;
      chosen.set(lane.dataset.lane, index);
      copy(span(mark(lane.dataset.lane, index)));
    });
    scroll.addEventListener("keydown", (event) => {
      const lane = event.target.closest(".lane");
      if (!lane) return;
      if (event.key === "ArrowRight") step(lane, 1);
      else if (event.key === "ArrowLeft") step(lane, -1);
      else if (event.key === "Enter" && chosen.has(lane.dataset.lane)) {
        copy(span(mark(lane.dataset.lane, chosen.get(lane.dataset.lane))));
      } else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
    });

    function showCutsWhereTheyFit() {
      const width = scroll.querySelector(".lane").offsetWidth;
      scroll.classList.toggle("dense", width / (cuts + 1) < MIN_PX_BETWEEN_CUTS);
    }

    function zoomTo(level) {
      const lane = scroll.querySelector(".lane");
      const names = lane.offsetLeft;
      const seen = scroll.clientWidth - names;
      const centre = (scroll.scrollLeft + seen / 2) / lane.offsetWidth;
      scroll.dataset.zoom = level;
      scroll.style.setProperty("--zoom", level);
      scroll.scrollLeft = centre * lane.offsetWidth - seen / 2;
      document.getElementById("zoom-now").textContent = level + "×";
      document.getElementById("zoom-out").disabled = level === zooms[0];
      document.getElementById("zoom-in").disabled = level === zooms[zooms.length - 1];
      showCutsWhereTheyFit();
    }

    if (zooms.length > 1) {
      const shift = (by) => () => {
        const next = zooms[zooms.indexOf(Number(scroll.dataset.zoom)) + by];
        if (next) zoomTo(next);
      };
      document.getElementById("zoom-in").addEventListener("click", shift(1));
      document.getElementById("zoom-out").addEventListener("click", shift(-1));
      zoomTo(zooms[0]);
      addEventListener("beforeprint", () => zoomTo(zooms[0]));
    }
    showCutsWhereTheyFit();
    addEventListener("resize", showCutsWhereTheyFit);
  }

  function setUpFilter(input) {
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of document.querySelectorAll("[data-name]")) {
        row.hidden = !row.dataset.name.includes(wanted) && !row.classList.contains("anyone");
      }
    });
  }

  function setUpParticipants(box) {
    const show = () => document.body.classList.toggle("participants-only", box.checked);
    box.addEventListener("change", show);
    show(); // a browser that goes back keeps the tick
  }

  if (scroll) setUpTimeline();
  const participants = document.getElementById("participants");
  if (participants) setUpParticipants(participants);
  const filter = document.getElementById("filter");
  if (filter) setUpFilter(filter);
})();
