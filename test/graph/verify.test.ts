/** Graphs that hold together, and their inputs and outputs. */
import { describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { type Bad, conv, G, graph, H, NEXT, node, P, refuses, relu, step, sumOf, V, value, view, W, X, Y, Z } from "./parts.ts";

describe("sound graphs pass", () => {
  const good: readonly [name: string, Graph][] = [
    ["two layers", graph([X, W, Y, Z], [conv, relu], ["z"])],
    [
      "an optional input left out and one given",
      graph([X, W, value("bias", [4], "param"), Y], [{ ...conv, inputs: { ...conv.inputs, bias: "bias" } }]),
    ],
    ["a parameter read before its update", graph([P, G, V, H, ...NEXT, value("s", [8])], [sumOf("s", "p"), step])],
    ["what the update gives, read after it", graph([P, G, V, H, ...NEXT, value("s", [8])], [step, sumOf("s", "p2")])],
    [
      "an update read through an alias of its output",
      graph(
        [
          value("p", [8, 1], "param"),
          value("g", [8, 1], "input"),
          value("v", [8, 1], "state"),
          H,
          value("p2", [8, 1]),
          value("v2", [8, 1]),
          value("f", [8, 1]),
          value("s", [8, 1]),
        ],
        [step, node("flatten", "f", { x: "p2" }, { y: "f" }), sumOf("s", "f")],
      ),
    ],
    [
      "two updates of one memory, one after the other",
      graph(
        [P, G, V, H, ...NEXT, value("p3", [8]), value("v3", [8])],
        [step, node("sgd", "again", { param: "p2", grad: "g", velocity: "v2", hyper: "h" }, { next_param: "p3", next_velocity: "v3" })],
      ),
    ],
    [
      "updates of two ranges of one block",
      graph(
        [
          value("block", [16], "param"),
          value("p", [8], "param", view("block", 0)),
          value("v", [8], "param", view("block", 8)),
          ...[G, H, ...NEXT],
        ],
        [step],
      ),
    ],
    [
      "views written one by one and read as a block",
      graph(
        [
          X,
          value("block", [10]),
          value("s1", [3], "temp", view("block", 0)),
          value("s2", [3], "temp", view("block", 4)),
          value("sum", [10]),
        ],
        [node("channel_sum", "s1", { x: "x" }, { y: "s1" }), node("channel_sum", "s2", { x: "x" }, { y: "s2" }), sumOf("sum", "block")],
      ),
    ],
    [
      "integers where an op takes them",
      graph(
        [value("i", ["N", 3], "input", { dtype: "i32" }), value("o", ["N", 3], "temp", { dtype: "i32" })],
        [node("flatten", "f", { x: "i" }, { y: "o" })],
      ),
    ],
  ];

  it.each(good)("%s", (_name, sound) => {
    expect(() => verify(sound, trainingOps)).not.toThrow();
  });
});

const badEnds: readonly Bad[] = [
  [
    "an input that is no value",
    { ...graph([X], []), inputs: ["x", "image"] },
    GraphError,
    "E_GRAPH",
    /graph input "image" is not a value of role input/,
  ],
  [
    "an input of another role",
    { ...graph([X, W], []), inputs: ["x", "w"] },
    GraphError,
    "E_GRAPH",
    /graph input "w" is not a value of role input/,
  ],
  ["an inherited name as input", { ...graph([X], []), inputs: ["x", "valueOf"] }, GraphError, "E_GRAPH", /graph input "valueOf"/],
  [
    "an input that is not listed",
    { ...graph([X], []), inputs: [] },
    GraphError,
    "E_GRAPH",
    /value "x" has role input, but is not among the graph's inputs/,
  ],
  [
    "an input listed twice",
    { ...graph([X], []), inputs: ["x", "x"] },
    GraphError,
    "E_GRAPH",
    /"x" is listed twice among the graph's inputs/,
  ],
  ["an output that is no value", graph([X], [], ["logits"]), GraphError, "E_GRAPH", /graph output "logits" is no value of the graph/],
  ["an inherited name as output", graph([X], [], ["toString"]), GraphError, "E_GRAPH", /graph output "toString" is no value/],
  ["an output that nothing writes", graph([X, Y], [], ["y"]), GraphError, "E_GRAPH", /graph output "y" is written by no node/],
  ["an output listed twice", graph([X], [], ["x", "x"]), GraphError, "E_GRAPH", /"x" is listed twice among the graph's outputs/],
];

refuses("inputs and outputs", badEnds);
