/**
 * ONNX models of one or two nodes as bytes, for ONNX Runtime: only the fields of onnx.proto3 that those need.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */

/** Types of elements (TensorProto.DataType) and of attributes (AttributeProto.AttributeType). */
const [FLOAT, INT64, INT] = [1, 7, 2];

/** A field of a protocol buffer: a number as a varint, text or a message behind its length. */
function field(number, value) {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const message = (...fields) => Buffer.concat(fields);

/** ValueInfoProto. */
function value({ name, type, shape }) {
  const dims = shape.map((size) => field(1, field(1, size)));
  const tensor = message(field(1, type), field(2, message(...dims)));
  return message(field(1, name), field(2, field(1, tensor)));
}

/** NodeProto with an integer attribute or none. */
function node(operator, inputs, output, attribute) {
  const options = Object.entries(attribute ?? {}).map(([name, i]) =>
    field(5, message(field(1, name), field(3, i), field(20, INT))),
  );
  return message(...inputs.map((input) => field(1, input)), field(2, output), field(4, operator), ...options);
}

function model(nodes, inputs, outputs) {
  const graph = message(
    ...nodes.map((each) => field(1, each)),
    field(2, 'bench'),
    ...inputs.map((each) => field(11, value(each))),
    ...outputs.map((each) => field(12, value(each))),
  );
  return message(field(1, 8), field(7, graph), field(8, field(2, 17))); // of IR version 8 and opset 17
}

/** c = a b, of f32 [m, k] and [k, n]. */
export function matmulModel(m, k, n) {
  const a = { name: 'a', type: FLOAT, shape: [m, k] };
  const b = { name: 'b', type: FLOAT, shape: [k, n] };
  return model([node('MatMul', ['a', 'b'], 'c')], [a, b], [{ name: 'c', type: FLOAT, shape: [m, n] }]);
}

/** logProbs = logSoftmax(logits)[targets], of f32 [rows, vocab] and i64 [rows, 1]. */
export function logProbsModel(rows, vocab) {
  const logits = { name: 'logits', type: FLOAT, shape: [rows, vocab] };
  const targets = { name: 'targets', type: INT64, shape: [rows, 1] };
  const nodes = [
    node('LogSoftmax', ['logits'], 'logP', { axis: 1 }),
    node('GatherElements', ['logP', 'targets'], 'logProbs', { axis: 1 }),
  ];
  return model(nodes, [logits, targets], [{ name: 'logProbs', type: FLOAT, shape: [rows, 1] }]);
}
