/** Values that are read too early or too late, and views that leave their memory or lie over each other. */
import { GraphError, ShapeError } from "../../src/errors.ts";
import { type Bad, conv, G, graph, H, NEXT, node, P, refuses, relu, step, sumOf, V, value, view, W, X, Y, Z } from "./parts.ts";

const badOrder: readonly Bad[] = [
  [
    "a value written twice",
    graph([X, W, Y], [conv, { ...conv, name: "conv2" }]),
    GraphError,
    "E_GRAPH",
    /conv2d "conv2": "y" is written twice; give each output a name of its own/,
  ],
  [
    "a parameter written",
    graph([X, W, { ...Y, role: "state", shape: [1, 4, 3, 3] }], [conv]),
    GraphError,
    "E_GRAPH",
    /y writes "y", which is state; only temp values are written/,
  ],
  [
    "a value read before it is written",
    graph([X, W, Y, Z], [relu, conv]),
    GraphError,
    "E_GRAPH",
    /relu "act": x reads "y" before anything has written it; order the nodes/,
  ],
  [
    "a value that nothing writes",
    graph([X, Y, Z], [relu]),
    GraphError,
    "E_GRAPH",
    /relu "act": x reads "y" before anything has written it/,
  ],
  [
    "a node that reads its own output",
    graph([X, Y], [{ ...relu, outputs: { y: "y" } }]),
    GraphError,
    "E_GRAPH",
    /reads "y" before anything has written it/,
  ],
  [
    "a parameter read after its update",
    graph([P, G, V, H, ...NEXT, value("s", [8])], [step, sumOf("s", "p")]),
    GraphError,
    "E_GRAPH",
    /add "s": a reads "p" after "step" has updated it; read its output instead/,
  ],
  [
    "a range of a block read after its update",
    graph([P, value("w", [2], "param", view("p", 3)), G, V, H, ...NEXT, value("s", [2])], [step, sumOf("s", "w")]),
    GraphError,
    "E_GRAPH",
    /add "s": a reads "w" after "step" has updated it/,
  ],
  [
    "an alias from before the update",
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
      [node("flatten", "f", { x: "p" }, { y: "f" }), step, sumOf("s", "f")],
    ),
    GraphError,
    "E_GRAPH",
    /add "s": a reads "f" after "step" has updated it/,
  ],
  [
    "an output from before a second update",
    graph(
      [P, G, V, H, ...NEXT, value("p3", [8]), value("v3", [8]), value("s", [8])],
      [
        step,
        node("sgd", "again", { param: "p2", grad: "g", velocity: "v2", hyper: "h" }, { next_param: "p3", next_velocity: "v3" }),
        sumOf("s", "p2"),
      ],
    ),
    GraphError,
    "E_GRAPH",
    /add "s": a reads "p2" after "again" has updated it/,
  ],
  [
    "an update that reads its memory through another slot",
    graph([P, V, H, ...NEXT], [{ ...step, inputs: { ...step.inputs, grad: "p" } }]),
    GraphError,
    "E_GRAPH",
    /sgd "step": param is updated in place, but grad "p" lies in the same memory; give it other memory/,
  ],
  [
    "two updates in one node that overlap",
    graph(
      [
        value("block", [12], "param"),
        value("p", [8], "param", view("block", 0)),
        value("v", [8], "param", view("block", 4)),
        G,
        H,
        ...NEXT,
      ],
      [step],
    ),
    GraphError,
    "E_GRAPH",
    /velocity "v" lies in the same memory/,
  ],
];

const BLOCK = value("block", [10], "param");

const badValues: readonly Bad[] = [
  [
    "a name that differs from its key",
    { ...graph([], []), values: { a: value("b", [1]) } },
    GraphError,
    "E_GRAPH",
    /value "a" calls itself "b"/,
  ],
  [
    "a size of 0",
    graph([value("w", [4, 0], "param")], []),
    ShapeError,
    "E_SHAPE",
    /value "w" has shape \[4, 0\]; sizes are integers of 1 or more/,
  ],
  ["a negative size", graph([value("w", [-4], "param")], []), ShapeError, "E_SHAPE", /value "w"/],
  ["a fractional size", graph([value("w", [1.5], "param")], []), ShapeError, "E_SHAPE", /value "w"/],
  [
    "a free size that is not the first",
    graph([value("x", [3, "N"], "input")], []),
    ShapeError,
    "E_SHAPE",
    /only the first may be the batch "N"/,
  ],
  ["a parameter with a free batch", graph([value("w", ["N", 3], "param")], []), ShapeError, "E_SHAPE", /value "w" has shape \[N, 3\]/],
  ["a state with a free batch", graph([value("w", ["N", 3], "state")], []), ShapeError, "E_SHAPE", /value "w"/],
  [
    "a view that ends outside its block",
    graph([BLOCK, value("w", [2, 3], "param", view("block", 5))], []),
    GraphError,
    "E_GRAPH",
    /value "w" spans elements 5 to 11 of "block", which has 10/,
  ],
  [
    "a view before its block",
    graph([BLOCK, value("w", [3], "param", view("block", -1))], []),
    GraphError,
    "E_GRAPH",
    /value "w" spans elements -1 to 2 of "block"/,
  ],
  [
    "a view between two elements",
    graph([BLOCK, value("w", [3], "param", view("block", 0.5))], []),
    GraphError,
    "E_GRAPH",
    /value "w" spans elements 0.5/,
  ],
  ["a view of no size", graph([BLOCK, value("t", ["N"], "temp", view("block", 0))], []), GraphError, "E_GRAPH", /value "t" spans/],
  [
    "a view of nothing",
    graph([value("w", [3], "param", view("block", 0))], []),
    GraphError,
    "E_GRAPH",
    /value "w" is a view of "block", which is no one-dimensional block of f32/,
  ],
  [
    "a view of an inherited name",
    graph([value("w", [3], "param", view("constructor", 0))], []),
    GraphError,
    "E_GRAPH",
    /is a view of "constructor"/,
  ],
  [
    "a view of a view",
    graph([BLOCK, value("w", [8], "param", view("block", 0)), value("v", [2], "param", view("w", 0))], []),
    GraphError,
    "E_GRAPH",
    /value "v" is a view of "w", which is no one-dimensional block/,
  ],
  [
    "a view of another type",
    graph([BLOCK, value("w", [3], "param", { ...view("block", 0), dtype: "i32" })], []),
    GraphError,
    "E_GRAPH",
    /no one-dimensional block of i32/,
  ],
  [
    "a view of a matrix",
    graph([value("block", [5, 2], "param"), value("w", [3], "param", view("block", 0))], []),
    GraphError,
    "E_GRAPH",
    /no one-dimensional block/,
  ],
  [
    "two written views that overlap",
    graph([BLOCK, value("a", [5], "temp", view("block", 0)), value("b", [5], "temp", view("block", 4))], []),
    GraphError,
    "E_GRAPH",
    /values "a" and "b" overlap in "block"; give each a range of its own/,
  ],
  [
    "a written view over a kept one that is not its neighbour",
    graph(
      [
        BLOCK,
        value("a", [9], "param", view("block", 0)),
        value("b", [1], "param", view("block", 2)),
        value("c", [2], "temp", view("block", 5)),
      ],
      [],
    ),
    GraphError,
    "E_GRAPH",
    /values "a" and "c" overlap/,
  ],
  [
    "an output that shares memory and is a view too",
    graph(
      [value("x", [3, 1], "input"), value("block", [10]), value("f", [3, 1], "temp", view("block", 0))],
      [node("flatten", "f", { x: "x" }, { y: "f" })],
    ),
    GraphError,
    "E_GRAPH",
    /flatten "f": "f" shares the memory of "x" and cannot be a view/,
  ],
];

refuses("order and updates", badOrder);
refuses("values and views", badValues);
