"use strict";

const POLL_MS = 1000;
const COBLONG = { lat: -6.88488, lon: 107.61538 }; // centre of the kecamatan, Kota Bandung
const SETTLED = new Set(["done", "dead", "sent", "delivered", "failed", "cancelled"]);
const BAD = new Set(["dead", "held", "failed"]);
// 3GPP TS 23.038: what fits 7 bits, and what takes two places there
const GSM7 = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const GSM7_TWICE = new Set("^{}\\[~]|€\f");
const words = JSON.parse(document.body.dataset.words);
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function smsSize(text) {
  const chars = [...text];
  const plain = chars.every((char) => GSM7.has(char) || GSM7_TWICE.has(char));
  const sizes = chars.map((char) => (plain ? (GSM7_TWICE.has(char) ? 2 : 1) : char.length));
  const places = sizes.reduce((sum, size) => sum + size, 0);
  const [single, part] = plain ? [160, 153] : [70, 67];
  if (places <= single) return { places, parts: 1, room: single };
  let [parts, used] = [1, 0];
  for (const size of sizes) {
    if (used + size > part) [parts, used] = [parts + 1, 0]; // what counts two is never split
    used += size;
  }
  return { places, parts, room: parts * part };
}

async function post(path, body) {
  const response = await fetch(`/simulator/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

class Phone {
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.number = find(".sender");
    this.via = find(".via");
    this.thread = find(".thread");
    this.problem = find(".problem");
    this.text = find(".text");
    this.sendButton = find(".send");
    this.counter = find(".counter");
    root.querySelectorAll("[type=radio]").forEach((radio) =>
      radio.addEventListener("change", () => this.restart()),
    );
    this.number.addEventListener("change", () => this.restart());
    find(".other").addEventListener("click", () => this.takeNewNumber());
    find(".pin").addEventListener("click", () => this.send({ text: "", ...COBLONG }));
    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.sendText();
    });
    this.text.addEventListener("input", () => this.count());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.sendText();
    });
    root.querySelectorAll(".example").forEach((button) =>
      button.addEventListener("click", () => this.write(button.textContent)),
    );
    this.restart();
  }

  /** Another channel or number is another conversation. */
  restart() {
    const chosen = this.root.querySelector("[type=radio]:checked:enabled");
    const number = this.number.value.replace(/[\s-]/g, "");
    const valid = /^\+?[0-9]{3,15}$/.test(number);
    this.channel = chosen ? chosen.value : "";
    this.sender = this.channel === "telegram" ? number.replace("+", "") : number;
    this.usable = valid && this.channel !== "";
    this.lines = new Map();
    this.round = {}; // answers to the conversation before this one are dropped
    this.root.dataset.look = this.channel || "sms";
    this.via.textContent = chosen ? chosen.nextElementSibling.textContent : "";
    this.number.setAttribute("aria-invalid", String(!valid));
    this.thread.replaceChildren(element("li", "empty", words.empty));
    this.say(!valid ? words.bad_number : this.channel ? "" : words.live);
    this.sendButton.disabled = !this.usable;
    this.count();
    this.poll();
  }

  takeNewNumber() {
    const digits = crypto.getRandomValues(new Uint32Array(1))[0] % 1e7;
    this.number.value = `+6281200${String(digits).padStart(7, "0")}`;
    this.restart();
    this.text.focus();
  }

  write(text) {
    this.text.value = text;
    this.count();
    this.text.focus();
  }

  count() {
    const { places, parts, room } = smsSize(this.text.value);
    this.counter.textContent = this.channel === "sms" ? `${places}/${room} · ${parts} SMS` : "";
  }

  async sendText() {
    const text = this.text.value;
    if (text.trim() && (await this.send({ text })) && this.text.value === text) this.write("");
  }

  async send(content) {
    if (!this.usable) return false;
    this.sendButton.disabled = true;
    try {
      await post("send", { channel: this.channel, sender: this.sender, ...content });
      this.say("");
    } catch {
      this.say(words.not_sent);
      return false;
    } finally {
      this.sendButton.disabled = !this.usable;
    }
    this.poll();
    return true;
  }

  async poll() {
    if (!this.usable || this.polling === this.round) return;
    const round = (this.polling = this.round);
    const { channel, sender } = this;
    try {
      const lines = await post("messages", { channel, sender, after: this.lastSettled() });
      if (round === this.round) this.show(lines);
    } catch {
      if (round === this.round) this.say(words.offline);
    } finally {
      if (this.polling === round) this.polling = null;
    }
  }

  /** The last line before the first one that may still change. */
  lastSettled() {
    let last = "";
    for (const [id, { status }] of this.lines) {
      if (!SETTLED.has(status)) break;
      last = id;
    }
    return last;
  }

  show(lines) {
    if (this.problem.textContent === words.offline) this.say("");
    const { scrollHeight, scrollTop, clientHeight } = this.thread;
    const atEnd = scrollHeight - scrollTop - clientHeight < 60;
    let added = false;
    for (const line of lines) {
      const known = this.lines.get(line.id);
      if (!known) added = this.add(line);
      else if (known.status !== line.status) this.mark(known, line);
    }
    if (added && atEnd) this.thread.scrollTop = this.thread.scrollHeight;
  }

  add(line) {
    if (!this.lines.size) this.thread.replaceChildren();
    const mine = line.direction === "in";
    const bubble = element("li", mine ? "bubble mine" : "bubble");
    bubble.append(element("span", "hidden", `${mine ? words.you : "1708"}: `));
    const said = element("p", "said", line.text || words.attachment);
    said.dir = "auto";
    const note = element("p", "note");
    bubble.append(said, note);
    const offered = this.offered(line);
    if (offered.length) {
      const choices = element("p", "choices");
      choices.append(...offered);
      bubble.append(choices);
    }
    this.thread.append(bubble);
    const shown = { bubble, note };
    this.lines.set(line.id, shown);
    this.mark(shown, line);
    return true;
  }

  /** The buttons under a reply, on channels that have some. */
  offered(line) {
    const buttons = (line.buttons || []).map(({ id, label }) =>
      this.choice(label, { text: label, choice: id }),
    );
    return line.pin ? [...buttons, this.choice(words.pin, { text: "", ...COBLONG })] : buttons;
  }

  choice(label, content) {
    const button = element("button", "choice", label);
    button.type = "button";
    button.addEventListener("click", () => this.send(content));
    return button;
  }

  mark(shown, line) {
    const size = this.channel === "sms" ? `${smsSize(line.text).parts} SMS` : "";
    const notes = [clock.format(new Date(line.at)), size, words[line.status] || ""];
    shown.status = line.status;
    shown.note.textContent = notes.filter(Boolean).join(" · ");
    shown.bubble.classList.toggle("bad", BAD.has(line.status));
  }

  say(sentence) {
    if (this.problem.textContent !== sentence) this.problem.textContent = sentence;
  }
}

const phones = [...document.querySelectorAll(".phone")].map((root) => new Phone(root));

function pollAll() {
  if (document.visibilityState === "visible") phones.forEach((phone) => phone.poll());
}

setInterval(pollAll, POLL_MS);
document.addEventListener("visibilitychange", pollAll);
