// Reads a code with the camera: by the browser's own reader where it knows all our codes, else by a library that is
// fetched when the camera is first opened. Pictures stay on the device.
const FORMATS = ["qr_code", "ean_13", "ean_8", "code_128", "code_39", "codabar"];
const PAUSE = 120;
const WIDTH = 800;

async function ownReader() {
  if (!globalThis.BarcodeDetector) return null;
  const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!FORMATS.every((each) => known.includes(each))) return null;
  const reader = new BarcodeDetector({ formats: FORMATS });
  return async (video) => (await reader.detect(video).catch(() => []))[0]?.rawValue ?? null;
}

async function libraryReader(address) {
  await import(address);
  const { BarcodeFormat, BinaryBitmap, DecodeHintType, HTMLCanvasElementLuminanceSource, HybridBinarizer, MultiFormatReader } = globalThis.ZXing;
  const reader = new MultiFormatReader();
  reader.setHints(new Map([
    [DecodeHintType.POSSIBLE_FORMATS, FORMATS.map((each) => BarcodeFormat[each.toUpperCase()])],
    [DecodeHintType.TRY_HARDER, true],
  ]));
  const canvas = document.createElement("canvas");
  return async (video) => {
    const scale = Math.min(1, WIDTH / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, canvas.width, canvas.height);
    try { return reader.decodeWithState(new BinaryBitmap(new HybridBinarizer(new HTMLCanvasElementLuminanceSource(canvas)))).getText(); }
    catch { return null; }  // No code in this picture.
  };
}

/** Why there is no picture, as the dialog's words call it. */
const why = (error) => ({ NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "busy", AbortError: "busy" })[error?.name] ?? "none";

/** Open the dialog and wait for a code; null: it was closed without one. */
export async function scan(dialog) {
  const video = dialog.querySelector("video"), told = dialog.querySelector("[role=status]"), words = dialog.dataset;
  let stream = null, open = true;
  const end = () => { open = false; for (const each of stream?.getTracks() ?? []) each.stop(); video.srcObject = null; };
  const closed = new Promise((resolve) => { dialog.addEventListener("close", () => { end(); resolve(null); }, { once: true }); });
  dialog.querySelector("button").onclick = () => dialog.close();
  const say = (name) => { told.textContent = words[name]; video.hidden = name !== "aim"; };
  say("waiting");
  dialog.showModal();
  if (!navigator.mediaDevices) { say(globalThis.isSecureContext ? "none" : "insecure"); return closed; }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } }, audio: false });
  } catch (error) { say(why(error)); return closed; }
  if (!open) { end(); return closed; }
  let read;
  try { read = (await ownReader()) ?? (await libraryReader(words.library)); } catch { say("lost"); end(); return closed; }
  video.srcObject = stream;
  await video.play().catch(() => {});
  if (open) say("aim");
  while (open) {
    const text = video.videoWidth ? await read(video) : null;
    if (text && open) { navigator.vibrate?.(60); dialog.close(); return text; }
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
  return closed;
}
