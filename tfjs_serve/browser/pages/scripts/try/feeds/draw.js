// A canvas to draw on, with a finger, a mouse or the keyboard: white on black, as data sets of
// handwriting are.

import { imageLayout } from "../shapes.js";
import { boundsOf } from "../feeding/pixels.js";
import { button, checkbox, choice, h, paint } from "../ui/dom.js";
import { pixelOptions } from "./pixel_options.js";

const SIDE = 280;
const PENS = [["0.06", "fine"], ["0.1", "medium"], ["0.15", "broad"]];
/** How much of a frame digits fill in sets of small and of larger pictures, such as MNIST. */
const filled = (side) => (side <= 16 ? 1 : 20 / 28);

export function draw({ input, shape, range, changed }) {
  const layout = imageLayout([1, ...shape]);
  const preview = h("canvas", { class: "preview", role: "img", "aria-label": "What the model sees" });
  const blank = () => Object.assign(preview, { width: layout.width, height: layout.height });
  const sheet = new Sheet(layout, changed, blank);
  const options = pixelOptions({ layout, range, dtype: input.dtype, fit: "stretch", hasFit: false }, changed);
  let isCentred = true;
  const element = h("div", { class: "pictures" },
    h("div", { class: "sheet" }, sheet.canvas, sheet.marker, sheet.hint),
    h("figure", {}, preview, h("figcaption", {}, "What the model sees")),
    h("div", { class: "fields" },
      button("Clear", () => sheet.clear()),
      choice("Pen", PENS, "0.1", (width) => (sheet.pen = Number(width))),
      checkbox("Bring to the middle and to size", true, (checked) => {
        isCentred = checked;
        changed();
      })),
    options.element,
    h("p", { class: "hint keys" }, "Keys: arrows move the pen, Space puts it down and lifts it, Delete clears."));
  return {
    element,
    isEmpty: () => sheet.isEmpty,
    read() {
      const picture = isCentred ? centred(sheet.canvas, filled(Math.max(layout.width, layout.height))) : sheet.picture();
      const { values, pixels } = options.numbersIn(picture);
      paint(preview, pixels);
      return { shape, values };
    },
  };
}

class Sheet {
  /** @param wiped called when nothing is drawn any more */
  constructor({ width, height }, changed, wiped) {
    const zoom = SIDE / Math.max(width, height);
    this.canvas = h("canvas", {
      width: Math.round(width * zoom), height: Math.round(height * zoom), tabindex: 0, role: "img",
      "aria-label": "Draw here",
    });
    this.marker = h("span", { class: "marker", "aria-hidden": "true" });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.pen = 0.1;
    this.hint = h("span", { class: "here", "aria-hidden": "true" }, "Draw here");
    this.changed = changed;
    this.wiped = wiped;
    this.place = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    this.step = Math.max(2, zoom / 2);
    this.isDown = false;
    this.wipe();
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.place = this.placeOf(event);
      this.lineTo(this.place);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons !== 1) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) this.lineTo(this.placeOf(one));
      this.changed();
    });
    canvas.addEventListener("pointerup", () => this.changed());
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    canvas.addEventListener("focus", () => this.mark());
  }

  placeOf({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) * this.canvas.width) / box.width,
      y: ((clientY - box.top) * this.canvas.height) / box.height,
    };
  }

  onKey(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (move) this.moveBy(...move);
    else if (event.key === " ") this.isDown = !this.isDown;
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else return;
    event.preventDefault();
    if (this.isDown) {
      this.lineTo(this.place);
      this.changed();
    }
    this.mark();
  }

  moveBy(right, down) {
    const next = {
      x: Math.min(Math.max(this.place.x + right * this.step, 0), this.canvas.width),
      y: Math.min(Math.max(this.place.y + down * this.step, 0), this.canvas.height),
    };
    if (this.isDown) this.lineTo(next);
    this.place = next;
  }

  mark() {
    this.marker.style.left = `${(100 * this.place.x) / this.canvas.width}%`;
    this.marker.style.top = `${(100 * this.place.y) / this.canvas.height}%`;
    this.marker.classList.toggle("down", this.isDown);
  }

  lineTo(next) {
    const { context, place } = this;
    context.lineWidth = this.pen * Math.max(this.canvas.width, this.canvas.height);
    context.beginPath();
    context.moveTo(place.x, place.y);
    context.lineTo(next.x, next.y);
    context.stroke();
    this.place = next;
    this.isEmpty = false;
    this.hint.hidden = true;
  }

  wipe() {
    const { context, canvas } = this;
    context.fillStyle = "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = "white";
    context.lineCap = context.lineJoin = "round";
    this.isEmpty = true;
    this.hint.hidden = false;
    this.wiped();
  }

  clear() {
    this.isDown = false;
    this.wipe();
    this.changed();
  }

  picture() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** What is drawn, in the middle, so large that its longer side fills `part` of the frame. */
function centred(canvas, part) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const bounds = boundsOf(context.getImageData(0, 0, width, height));
  if (!bounds) return context.getImageData(0, 0, width, height);
  const zoom = part * Math.min(width / bounds.width, height / bounds.height);
  const moved = h("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  moved.fillStyle = "black";
  moved.fillRect(0, 0, width, height);
  moved.imageSmoothingQuality = "high";
  const [w, high] = [bounds.width * zoom, bounds.height * zoom];
  moved.drawImage(canvas, bounds.x, bounds.y, bounds.width, bounds.height, (width - w) / 2, (height - high) / 2, w, high);
  return moved.getImageData(0, 0, width, height);
}
