/** How things look on a terminal. */
import { describe, expect, it, vi } from "vitest";
import { clock, fail, makeOutput, type Output, short, table } from "../../cli/output.ts";
import { trainingProgress } from "../../cli/progress.ts";
import { summary } from "../../cli/tour/summary.ts";
import { SwivelError } from "../../src/errors.ts";
import { sampleRecord } from "../report/sample.ts";

/** What `work` writes to stderr, on a terminal so wide or on none. */
function written(columns: number | undefined, work: () => void): string {
  const { isTTY, columns: before } = process.stderr;
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    Object.assign(process.stderr, { isTTY: columns !== undefined, columns });
    work();
    return write.mock.calls.map(([text]) => text).join("");
  } finally {
    Object.assign(process.stderr, { isTTY, columns: before });
    write.mockRestore();
  }
}

describe("progress", () => {
  const say = (output: Output) => {
    output.progress("one of two");
    output.progress("two of two");
    output.progress("done", true);
  };

  it("replaces itself on a terminal, and is cut to its width", () => {
    expect(written(80, () => say(makeOutput(false)))).toBe("\r\u001b[2Kone of two\r\u001b[2Ktwo of two\r\u001b[2Kdone\n");
    expect(written(8, () => say(makeOutput(false)))).toBe("\r\u001b[2Kone of \r\u001b[2Ktwo of \r\u001b[2Kdone\n");
  });

  it("is what lasts, and nothing else, where there is no terminal", () => {
    expect(written(undefined, () => say(makeOutput(false)))).toBe("done\n");
  });

  it("makes way for an error", () => {
    const text = written(80, () => {
      makeOutput(false).progress("half way");
      expect(fail(new SwivelError("E_IO", "the disk is\nfull"))).toBe(1);
    });
    expect(text).toBe("\r\u001b[2Khalf way\r\u001b[2Kswivel: E_IO the disk is full\n");
  });

  it("of training fits 80 columns, however large its numbers", () => {
    const lines: string[] = [];
    const output: Output = { json: false, progress: (text) => lines.push(text), result: () => {}, note: () => {} };
    const tell = trainingProgress(output, { label: "from scratch", later: 1e6 });
    const score = { loss: 9.876, accuracy: 1, count: 6000 };
    tell({ kind: "start", step: 0, steps: 123456, slopes: {} });
    tell({ kind: "step", step: 12345, steps: 123456, epoch: 99, rate: 1, seconds: 1, ...score });
    tell({ kind: "epoch", epoch: 99, epochs: 100, step: 1, steps: 2, train: score, validation: score, slopes: {}, seconds: 999.9 });
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

describe("errors", () => {
  it.each([
    [new SwivelError("E_OPTION", "x"), 2],
    [new SwivelError("E_ABORTED", "x"), 130],
    [new SwivelError("E_FORMAT", "x"), 1],
    [new Error("a bug"), 1],
  ])("%s ends with %i", (error, code) => {
    written(undefined, () => expect(fail(error)).toBe(code));
  });

  it("that say how memory ran out become coded ones", () => {
    const text = written(undefined, () => fail(new RangeError("Array buffer allocation failed")));
    expect(text).toMatch(/^swivel: E_MEMORY there is not enough memory .*; take a smaller network/);
  });

  it("show a stack only where nobody meant them", () => {
    expect(written(undefined, () => fail(new TypeError("a bug")))).toMatch(/^swivel: unexpected: TypeError: a bug\n\s+at /);
  });

  it("cannot write over the terminal with what a file says", () => {
    expect(written(undefined, () => fail(new SwivelError("E_FORMAT", 'class "\u001b[2J\u0007"')))).toBe(
      'swivel: E_FORMAT class "\ufffd[2J\ufffd"\n',
    );
  });
});

it("tables align text to the left and numbers to the right", () => {
  const rows = [
    ["layer", "op", "size"],
    ["conv1", "conv2d", "9"],
    ["a", "relu", "1,234"],
  ];
  expect(table(rows, 2).split("\n")).toEqual([
    "layer  op       size",
    "─────  ──────  ─────",
    "conv1  conv2d      9",
    "a      relu    1,234",
  ]);
});

it("numbers are short", () => {
  expect([0, 999, 1000, 1_234_567, 2.5e9].map(short)).toEqual(["0", "999", "1.0 k", "1.23 M", "2.50 G"]);
  expect([0, 59_400, 65_000, 3_600_000].map(clock)).toEqual(["0:00", "0:59", "1:05", "60:00"]);
});

it("the tour's summary fits 80 columns and has a row for every figure", () => {
  const text = summary(sampleRecord(1).report);
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  for (const row of ["accuracy", "parameters", "multiply-adds", "file", "ms per image, Wasm"]) expect(text).toContain(`\n${row} `);
});
