// Polls the receiver's summary and draws it. Texts come from the page, numbers from the answer; nothing is evaluated.
"use strict";

const INTERVAL = 1000; // milliseconds between two looks
const state = document.getElementById("state");
const shops = document.getElementById("shops");
const template = document.getElementById("shop");
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language);
const cards = new Map();

function duration(milliseconds) {
  if (milliseconds === null) return "–";
  const unit = milliseconds < 1000 ? "millisecond" : "second";
  const value = milliseconds < 1000 ? Math.round(milliseconds) : milliseconds / 1000;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

function card(shop) {
  if (!cards.has(shop.slug)) {
    shops.append(template.content.cloneNode(true));
    const scroll = shops.lastElementChild.querySelector(".scroll");
    scroll.setAttribute("aria-label", `${scroll.getAttribute("aria-label")}: ${shop.name}`);
    cards.set(shop.slug, shops.lastElementChild);
  }
  return cards.get(shop.slug);
}

function verdict(shop) {
  if (shop.out_of_order > 0 || shop.refused > 0) return "bad";
  return shop.arrived >= shop.recorded ? "good" : "busy";
}

function drawPlot(path, counts) {
  const top = Math.max(5, ...counts);
  const step = 240 / (counts.length - 1);
  const points = counts.map((count, i) => `${(i * step).toFixed(1)},${(46 - (count / top) * 42).toFixed(1)}`);
  path.setAttribute("d", `M0,48 L${points.join(" L")} L240,48 Z`);
}

// "order-01a2…" is told apart by its end: ids begin with the time.
function short(stream) {
  const kind = stream.slice(0, stream.indexOf("-"));
  return stream.length > 20 ? `${kind} …${stream.slice(-6)}` : stream;
}

function drawRows(body, arrivals) {
  body.replaceChildren(...arrivals.map((arrival) => {
    const row = document.createElement("tr");
    const position = arrival.position === null ? "–" : number.format(arrival.position);
    const cells = [position, duration(arrival.lag_ms), arrival.type, short(arrival.stream)];
    for (const text of cells) row.insertCell().textContent = text;
    row.cells[3].title = arrival.stream;
    return row;
  }));
}

function draw(shop) {
  const element = card(shop);
  const link = element.querySelector("[data-link]");
  link.href = `${shop.url}/admin/`;
  link.textContent = shop.name;
  const badge = element.querySelector("[data-verdict]");
  const word = verdict(shop);
  badge.className = `badge ${word}`;
  if (badge.textContent !== badge.dataset[word]) badge.textContent = badge.dataset[word];
  for (const field of element.querySelectorAll("dd[data-field]")) {
    const name = field.dataset.field;
    field.textContent = name.startsWith("lag_") ? duration(shop[name]) : number.format(shop[name]);
    if ("zero" in field.dataset) field.className = shop[name] === 0 ? "good" : "bad";
  }
  drawPlot(element.querySelector("[data-plot]"), shop.per_second);
  drawRows(element.querySelector("[data-rows]"), shop.last);
}

function announce(kind) {
  state.className = kind === "empty" ? "" : kind;
  if (state.textContent !== state.dataset[kind]) state.textContent = state.dataset[kind];
}

async function look() {
  try {
    const answer = await fetch(document.body.dataset.source, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const summary = await answer.json();
    summary.shops.forEach(draw);
    announce(summary.shops.length ? "live" : "empty");
  } catch {
    announce("lost");
  }
  setTimeout(look, document.hidden ? 5 * INTERVAL : INTERVAL);
}

look();
