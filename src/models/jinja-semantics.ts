/** @file What Jinja templates mean in Python, where the library for them means what JavaScript does. */
import { Environment, Interpreter } from '@huggingface/jinja';

/** What is used of the library, whose declarations do not resolve under NodeNext (imports without extensions). */
export interface Value {
  type: string;
  value: unknown;
  toString(): string;
}
export interface Node {
  type: string;
  [field: string]: unknown;
}
export type { Environment };

const LibraryInterpreter = Interpreter as unknown as new (
  environment: Environment,
) => {
  run(program: object): Value;
  evaluate(statement: Node | undefined, environment: Environment): Value;
  evaluateBlock(statements: readonly Node[], environment: Environment): Value;
  evaluateBinaryExpression(node: Node, environment: Environment): Value;
  evaluateCallExpression(node: Node, environment: Environment): Value;
  evaluateArguments(args: readonly Node[], environment: Environment): [Value[], unknown];
  applyFilter(operand: Value, filter: Node, environment: Environment): Value;
};

/** Statements whose value, none, is not written. */
const SILENT = new Set(['Set', 'Macro', 'Comment']);

/** Which ends of a text the methods strip. */
const STRIPS: Readonly<Record<string, readonly [start: boolean, end: boolean]>> = {
  strip: [true, true],
  lstrip: [true, false],
  rstrip: [false, true],
};

/** The library's classes of values, of which it exports none. */
const CLASSES = { string: classOf(''), number: classOf(0), boolean: classOf(true) };

function classOf(content: unknown): new (content: unknown) => Value {
  const environment = new Environment() as unknown as {
    set(name: string, content: unknown): void;
    lookupVariable(name: string): Value;
  };
  environment.set('of', content);
  return environment.lookupVariable('of').constructor as new (
    content: unknown,
  ) => Value;
}

/** The library's interpreter, with Python's equality, texts of values, lengths and `strip`. */
export class PythonInterpreter extends LibraryInterpreter {
  override evaluateBlock(statements: readonly Node[], environment: Environment): Value {
    let text = '';
    for (const statement of statements) {
      const value = this.evaluate(statement, environment);
      if (!(value.type === 'NullValue' && SILENT.has(statement.type))) text += textOf(value);
    }
    return made(text);
  }

  override evaluateBinaryExpression(node: Node, environment: Environment): Value {
    const operator = (node.operator as Node).value as string;
    if (!['==', '!=', '~'].includes(operator)) return super.evaluateBinaryExpression(node, environment);
    const [left, right] = [node.left, node.right].map((each) => this.evaluate(each as Node, environment));
    return made(operator === '~' ? textOf(left!) + textOf(right!) : isEqual(left!, right!) === (operator === '=='));
  }

  override evaluateCallExpression(node: Node, environment: Environment): Value {
    const callee = node.callee as Node;
    const ends = callee.type === 'MemberExpression' && STRIPS[String((callee.property as Node).value)];
    if (!ends) return super.evaluateCallExpression(node, environment);
    const object = this.evaluate(callee.object as Node, environment);
    if (object.type !== 'StringValue') return super.evaluateCallExpression(node, environment);
    const [characters] = this.evaluateArguments(node.args as Node[], environment)[0];
    return made(strip(String(object.value), ends, characters));
  }

  override applyFilter(operand: Value, filter: Node, environment: Environment): Value {
    if (operand.type === 'StringValue' && filter.value === 'trim') {
      return made(strip(String(operand.value), STRIPS.strip!, undefined));
    }
    if (operand.type === 'StringValue' && filter.value === 'length') return made([...String(operand.value)].length);
    return super.applyFilter(operand, filter, environment);
  }
}

/** A value of the library. */
function made(content: string | number | boolean): Value {
  return new CLASSES[typeof content as keyof typeof CLASSES](content);
}

function textOf(value: Value): string {
  if (value.type === 'UndefinedValue') return '';
  if (value.type === 'NullValue') return 'None';
  if (value.type === 'BooleanValue') return value.value ? 'True' : 'False';
  return value.toString();
}

/** Numbers and truth values are equal by number, all else only to its own kind, and lists and mappings by what they hold. */
function isEqual(a: Value, b: Value): boolean {
  const [left, right] = [a.value, b.value];
  if (isNumber(left) && isNumber(right)) return Number(left) === Number(right);
  if (a.type !== b.type) return false;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, i) => isEqual(each, right[i]));
  }
  if (left instanceof Map && right instanceof Map) {
    return (
      left.size === right.size && [...left].every(([key, each]) => right.has(key) && isEqual(each, right.get(key)))
    );
  }
  return left === right;
}

function isNumber(content: unknown): boolean {
  return typeof content === 'number' || typeof content === 'boolean';
}

/** Without the characters at its ends that are among the given ones, or white space. */
function strip(text: string, [atStart, atEnd]: readonly [boolean, boolean], characters: Value | undefined): string {
  const given = characters?.type === 'StringValue' ? new Set(String(characters.value)) : null;
  const isOff = (character: string) => (given ? given.has(character) : isSpace(character));
  const all = [...text];
  let [start, end] = [0, all.length];
  while (atStart && start < end && isOff(all[start]!)) start++;
  while (atEnd && end > start && isOff(all[end - 1]!)) end--;
  return all.slice(start, end).join('');
}

/** As Python's `str.isspace`: that of Unicode, and four separators of ASCII. */
function isSpace(character: string): boolean {
  return /\p{White_Space}/u.test(character) || (character >= '\u001c' && character <= '\u001f');
}
