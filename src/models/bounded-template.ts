/** @file Chat templates come with models from anybody and run in this process: they get as much time and memory as a chat needs. */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { type Node, PythonInterpreter, type Value } from './jinja-semantics.js';

type Program = object;

/** Characters of the source; the longest that is published has 20,000. */
const MAX_SOURCE = 1 << 20;
/** Units of work of one rendering, each some ten nanoseconds: about a second. */
const MAX_WORK = 1 << 25;
const STEP_WORK = 16;
/** Characters of a value, nested ones included; every item counts as many as this. */
const MAX_SIZE = 1 << 22;
const ITEM_SIZE = 64;
/** Characters that a filter may put in at many places, and the greatest number that it may take. */
const MAX_ARGUMENT = 64;

/** What makes long texts of short ones: its arguments are small. */
const MULTIPLIERS = new Set(['replace', 'join', 'indent', 'tojson']);

/** Nodes that may make a long text by themselves; others put together what there is. */
const MAKERS = new Set(['FilterExpression', 'CallExpression']);

/** Parses the source of a template. @throws Error where it is no Jinja or too long */
export function parseTemplate(source: string): Program {
  if (source.length > MAX_SOURCE) throw new Error(`the template has more than ${MAX_SOURCE} characters`);
  return parse(tokenize(readable(source), { lstrip_blocks: true, trim_blocks: true }));
}

/**
 * What the library does not read, in other words: marks of what an assistant has written, around which it takes the white space away,
 * though they change no text, and comments that end with `-#}`.
 */
function readable(source: string): string {
  return source
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, '{%$1 endif $2%}')
    .replace(/-#\}\s*/g, '#}');
}

/** Renders a parsed template. @throws Error what the template raises, and where it needs more than a chat does */
export function renderTemplate(program: Program, names: Readonly<Record<string, unknown>>): string {
  const environment = new Environment();
  const globals = { false: false, true: true, none: null, False: false, True: true, None: null };
  for (const [name, value] of Object.entries({ ...globals, raise_exception: raise, range, ...names })) {
    environment.set(name, value);
  }
  return String(new BoundedInterpreter(environment).run(program).value);
}

function raise(message: string): never {
  throw new Error(message);
}

/** Python's range(). */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count * ITEM_SIZE <= MAX_SIZE)) throw new Error(`range() of ${count} numbers is more than a chat needs`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** The interpreter, which counts what it does. */
class BoundedInterpreter extends PythonInterpreter {
  #work = 0;
  /** What it costs to use the value of a node once more, for each item. */
  readonly #itemWork = new WeakMap<Node, number>();
  readonly #arguments = new WeakSet<Node>();
  readonly #sizes = new WeakMap<object, number>();

  override evaluate(statement: Node | undefined, environment: Environment): Value {
    this.#spend(STEP_WORK);
    if (statement !== undefined) this.#mark(statement);
    const value = super.evaluate(statement, environment);
    const size = this.#sizeOf(value, MAX_SIZE);
    if (size > MAX_SIZE) throw new Error('the template makes a text or list that is larger than any chat');
    if (statement === undefined) return value;
    const itemWork = this.#itemWork.get(statement) ?? (MAKERS.has(statement.type) ? 1 : 0);
    this.#spend(itemWork * lengthOf(value));
    if (this.#arguments.has(statement)) refuseLarge(value.value);
    return value;
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) throw new Error('the template does more work than any chat needs: does it loop?');
  }

  /** Notes which of a node's parts it goes through item by item, and which may multiply. */
  #mark(node: Node): void {
    if (node.type === 'For') {
      const iterable = node.iterable as Node;
      // Each item gets a scope of its own.
      this.#itemWork.set(iterable.type === 'SelectExpression' ? (iterable.lhs as Node) : iterable, ITEM_SIZE);
    } else if (node.type === 'FilterExpression') {
      this.#itemWork.set(node.operand as Node, 4);
      const filter = node.filter as Node;
      if (filter.type === 'CallExpression') this.#markArguments((filter.callee as Node).value, filter.args as Node[]);
    } else if (node.type === 'CallExpression') {
      const callee = node.callee as Node;
      if (callee.type !== 'MemberExpression') return;
      this.#itemWork.set(callee.object as Node, 4);
      this.#markArguments((callee.property as Node).value, node.args as Node[]);
    } else if (node.type === 'BinaryExpression') {
      this.#itemWork.set(node.right as Node, 4);
    }
  }

  #markArguments(name: unknown, args: readonly Node[]): void {
    if (!MULTIPLIERS.has(name as string)) return;
    // Of replace(old, new) the second is put in.
    const growing = name === 'replace' ? args.slice(1) : args;
    for (const node of growing)
      this.#arguments.add(node.type === 'KeywordArgumentExpression' ? (node.value as Node) : node);
  }

  /** Characters and items of a value, counted where they stand; no further than `limit`. */
  #sizeOf(value: Value, limit: number): number {
    const content: unknown = value.value;
    if (typeof content === 'string') return content.length;
    if (typeof content !== 'object' || content === null) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    for (const item of Array.isArray(content) ? content : content instanceof Map ? content.values() : []) {
      size += ITEM_SIZE + this.#sizeOf(item as Value, limit - size);
      if (size > limit) return size;
    }
    // Namespaces alone change, and with them what holds them.
    if (!holdsNamespace(value)) this.#sizes.set(value, size);
    return size;
  }
}

/** Items of a value itself; sixteen characters of a text are as quickly gone through as one. */
function lengthOf({ value }: Value): number {
  if (typeof value === 'string') return value.length / 16;
  return Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0;
}

function refuseLarge(value: unknown): void {
  const size = typeof value === 'string' ? value.length : Math.abs(Number(value));
  if (size > MAX_ARGUMENT)
    throw new Error(`an argument of replace, join, indent or tojson is larger than ${MAX_ARGUMENT}`);
}

function holdsNamespace(value: Value): boolean {
  if (value.type === 'NamespaceValue') return true;
  const items = Array.isArray(value.value) ? value.value : value.value instanceof Map ? [...value.value.values()] : [];
  return (items as Value[]).some(holdsNamespace);
}
