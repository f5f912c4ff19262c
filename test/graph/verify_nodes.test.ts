/** Nodes whose op, slots, attributes or types do not fit, each refused with an error that names the node, the value and what to do. */
import { GraphError, ShapeError } from "../../src/errors.ts";
import { type Bad, conv, graph, node, refuses, relu, value, W, X, Y, Z } from "./parts.ts";

const badNodes: readonly Bad[] = [
  [
    "an unknown op",
    graph([X, Y], [node("conv3d", "conv", { x: "x" }, { y: "y" })]),
    GraphError,
    "E_UNKNOWN_OP",
    /conv3d "conv": this build knows no op "conv3d"; it knows .*\bconv2d\b/,
  ],
  [
    "an inherited name as op",
    graph([X, Y], [node("constructor", "c", { x: "x" }, { y: "y" })]),
    GraphError,
    "E_UNKNOWN_OP",
    /constructor "c"/,
  ],
  [
    "an unknown input slot",
    graph([X, W, Y], [{ ...conv, inputs: { ...conv.inputs, weight: "w" } }]),
    GraphError,
    "E_GRAPH",
    /conv2d "conv": no input slot "weight"; conv2d has x, w, bias/,
  ],
  [
    "an unknown output slot",
    graph([X, W, Y], [{ ...conv, outputs: { y: "y", z: "z" } }]),
    GraphError,
    "E_GRAPH",
    /conv2d "conv": no output slot "z"; conv2d has y/,
  ],
  [
    "an empty input slot",
    graph([X, Y], [{ ...conv, inputs: { x: "x" } }]),
    GraphError,
    "E_GRAPH",
    /conv2d "conv": input slot "w" is empty/,
  ],
  ["an empty output slot", graph([X, W], [{ ...conv, outputs: {} }]), GraphError, "E_GRAPH", /conv2d "conv": output slot "y" is empty/],
  [
    "a variadic input that starts at 1",
    graph([X, Z], [node("concat", "cat", { x1: "x" }, { y: "z" })]),
    GraphError,
    "E_GRAPH",
    /concat "cat": input slot "x0" is empty/,
  ],
  [
    "a gap in a variadic input",
    graph([X, value("o", ["N", 6, 5, 5])], [node("concat", "cat", { x0: "x", x2: "x" }, { y: "o" })]),
    ShapeError,
    "E_SHAPE",
    /concat "cat"/,
  ],
  [
    "a variadic slot that is no number",
    graph([X, Z], [node("concat", "cat", { x0: "x", xx: "x" }, { y: "z" })]),
    GraphError,
    "E_GRAPH",
    /no input slot "xx"/,
  ],
  [
    "an unknown attribute",
    graph([X, W, Y], [{ ...conv, attrs: { strides: [1, 1] } }]),
    GraphError,
    "E_ATTR",
    /conv2d "conv": no attribute "strides"; conv2d has stride, padding/,
  ],
  [
    "an attribute of another type",
    graph([X, W, Y], [{ ...conv, attrs: { stride: 2 } }]),
    GraphError,
    "E_ATTR",
    /attribute "stride" is 2; expected 2 integers of 1 or more/,
  ],
  [
    "a missing attribute",
    graph([X, Z], [node("slice_channels", "cut", { x: "x" }, { y: "z" }, { start: 0 })]),
    GraphError,
    "E_ATTR",
    /attribute "count" is missing; expected an integer of 1 or more/,
  ],
  [
    "two nodes of one name",
    graph([X, W, Y, Z], [conv, { ...relu, name: "conv" }]),
    GraphError,
    "E_GRAPH",
    /two nodes are named "conv"; rename one/,
  ],
  ["an input that is no value", graph([X, Y], [conv]), GraphError, "E_GRAPH", /conv2d "conv": w is "w", which is no value of the graph/],
  ["an output that is no value", graph([X, W], [conv]), GraphError, "E_GRAPH", /conv2d "conv": y is "y", which is no value of the graph/],
  [
    "an output of another shape",
    graph([X, W, value("y", ["N", 4, 5, 5])], [conv]),
    ShapeError,
    "E_SHAPE",
    /conv2d "conv": y "y" is declared f32 \[N, 4, 5, 5\], the op gives f32 \[N, 4, 3, 3\]/,
  ],
  ["an output of another type", graph([X, W, { ...Y, dtype: "i32" }], [conv]), ShapeError, "E_SHAPE", /y "y" is declared i32/],
  [
    "a batch of fixed size from a free one",
    graph([X, W, value("y", [1, 4, 3, 3])], [conv]),
    ShapeError,
    "E_SHAPE",
    /y "y" is declared f32 \[1, 4, 3, 3\]/,
  ],
  [
    "integers for floats",
    graph([{ ...X, dtype: "i32" }, W, Y], [conv]),
    ShapeError,
    "E_SHAPE",
    /conv2d "conv": x "x" is i32, the op computes with f32; declare "x" as f32/,
  ],
];

refuses("nodes", badNodes);
