// A picture from a file, by drag and drop, or from the clipboard.

import { imageLayout } from "../shapes.js";
import { h, labelled, paint } from "../ui/dom.js";
import { pixelOptions } from "./pixel_options.js";

/** Larger pictures are made smaller by the browser first. */
const LARGEST_SIDE = 1024;

export function image({ input, shape, range, changed, failed }) {
  const layout = imageLayout([1, ...shape]);
  const options = pixelOptions({ layout, range, dtype: input.dtype }, changed);
  const preview = h("canvas", { class: "preview", role: "img", "aria-label": "What the model sees", width: layout.width, height: layout.height });
  let picture = null;
  const take = async (file) => {
    try {
      picture = await pictureIn(file);
      changed();
    } catch {
      failed(`${file.name || "This"} is not an image that the browser can read.`);
    }
  };
  const chooser = h("input", { type: "file", accept: "image/*", onchange: () => chooser.files[0] && take(chooser.files[0]) });
  const element = h("div", {
    class: "pictures drop",
    ondragover: (event) => {
      event.preventDefault();
      element.classList.add("over");
    },
    ondragleave: () => element.classList.remove("over"),
    ondrop: (event) => {
      event.preventDefault();
      element.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) take(file);
    },
  },
  h("div", { class: "fields" }, labelled("Image", chooser), h("span", { class: "hint" }, "or drop one here, or paste one")),
  h("figure", {}, preview, h("figcaption", {}, "What the model sees")),
  options.element);
  const onPaste = (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file) take(file);
  };
  document.addEventListener("paste", onPaste);
  return {
    element,
    isEmpty: () => picture === null,
    read() {
      if (!picture) throw new Error("Choose an image first.");
      const { values, pixels } = options.numbersIn(picture);
      paint(preview, pixels);
      return { shape, values };
    },
    stop: () => document.removeEventListener("paste", onPaste),
  };
}

async function pictureIn(file) {
  const bitmap = await createImageBitmap(file);
  try {
    return pictureOf(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** The pixels of what a canvas can draw, not larger than needed, and on white where transparent. */
export function pictureOf(source, width, height) {
  const zoom = Math.min(1, LARGEST_SIDE / Math.max(width, height));
  const [wide, high] = [Math.max(1, Math.round(width * zoom)), Math.max(1, Math.round(height * zoom))];
  const context = h("canvas", { width: wide, height: high }).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, wide, high);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, wide, high);
  return context.getImageData(0, 0, wide, high);
}
