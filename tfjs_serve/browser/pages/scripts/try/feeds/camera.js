// The camera: one prediction after the other, as fast as the model is.

import { imageLayout } from "../shapes.js";
import { button, h, paint } from "../ui/dom.js";
import { pictureOf } from "./image.js";
import { pixelOptions } from "./pixel_options.js";

export function camera({ input, shape, range, changed, predictNow, failed }) {
  const layout = imageLayout([1, ...shape]);
  const options = pixelOptions({ layout, range, dtype: input.dtype }, changed);
  const video = h("video", { playsinline: true, "aria-label": "Camera" });
  video.muted = true;
  const preview = h("canvas", { class: "preview", role: "img", "aria-label": "What the model sees", width: layout.width, height: layout.height });
  const toggle = button("Start the camera", () => (stream ? stop() : start()));
  let stream = null;

  async function start() {
    try {
      stream = await opened();
    } catch (error) {
      return failed(reasonOf(error));
    }
    video.srcObject = stream;
    toggle.textContent = "Stop the camera";
    await video.play();
    while (stream) {
      await nextFrame();
      if (stream && video.videoWidth) await predictNow();
    }
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    toggle.textContent = "Start the camera";
  }

  return {
    element: h("div", { class: "pictures" }, video,
      h("figure", {}, preview, h("figcaption", {}, "What the model sees")), toggle, options.element),
    isEmpty: () => !video.videoWidth,
    read() {
      if (!video.videoWidth) throw new Error("Start the camera first.");
      const { values, pixels } = options.numbersIn(pictureOf(video, video.videoWidth, video.videoHeight));
      paint(preview, pixels);
      return { shape, values };
    },
    stop,
  };
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

async function opened() {
  if (!navigator.mediaDevices?.getUserMedia) {
    const error = new Error();
    error.name = "InsecureError";
    throw error;
  }
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
}

const REASONS = {
  InsecureError: "Browsers give the camera only to secure pages: open this page at localhost, or over https.",
  NotAllowedError: "The browser was not allowed to use the camera.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera is in use by another program.",
};

const reasonOf = ({ name, message }) => REASONS[name] ?? `The camera could not be started: ${message}`;
