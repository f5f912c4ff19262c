/** The camera, or in words why there is none. */

/** Side of the frames that are handed on. */
const SIDE = 96;

/** Shows the camera in `video`. Throws an Error that a person can act on. */
export async function startCamera(video: HTMLVideoElement): Promise<() => void> {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Error("This page has no access to cameras: they need https, and a browser that has them. Use files instead.");
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 480 }, height: { ideal: 480 } },
      audio: false,
    });
  } catch (error) {
    throw new Error(wordsFor((error as DOMException).name), { cause: error });
  }
  video.srcObject = stream;
  await video.play();
  return () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}

function wordsFor(name: string): string {
  if (name === "NotAllowedError" || name === "SecurityError")
    return "The camera was refused. Allow it in the address bar and try again, or use files: everything works without it.";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "There is no camera here. Use files instead.";
  if (name === "NotReadableError") return "Another program holds the camera. Close that one, or use files.";
  return `The camera did not start (${name}). Use files instead.`;
}

/** The middle of what the camera shows now. */
export async function frameOf(video: HTMLVideoElement): Promise<ImageBitmap> {
  const { videoWidth: width, videoHeight: height } = video;
  const side = Math.min(width, height);
  return createImageBitmap(video, (width - side) / 2, (height - side) / 2, side, side, {
    resizeWidth: SIDE,
    resizeHeight: SIDE,
    resizeQuality: "medium",
  });
}
