import { z } from 'zod';
import type { Message } from '../slate.js';
import type { Adapter, ImportContext, RawResponse, RawSlate } from './adapter.js';
import { readRows } from './rows.js';

/** Replies are checked one by one as the tree is walked, so that a deep tree cannot exhaust the stack. */
const messageSchema = z.looseObject({
  message_id: z.string().min(1),
  text: z.string(),
  role: z.enum(['prompter', 'assistant']),
  deleted: z.boolean().nullish(),
  /** From 0, the best; absent where nobody ranked. */
  rank: z.int().min(0).nullish(),
  replies: z.array(z.unknown()).nullish(),
});

type TreeMessage = z.infer<typeof messageSchema>;

/** OpenAssistant message trees: query = a prompter's message with its path from the root, responses = the replies. */
export const oasst: Adapter = {
  name: 'oasst',
  description: 'OpenAssistant message trees: replies of assistants with the ranks that people gave them',
  files: 'message trees, one per line (.jsonl)',
  minSlate: 2,
  promptTemplate: 'Message {id}',
  options: [],
  async *read(files, context) {
    for (const file of files) {
      for await (const tree of readRows(file, ['prompt'], context)) yield* treeSlates(tree, context);
    }
  },
};

interface Visit {
  message: TreeMessage;
  /** The messages from the root up to this one. */
  path: Message[];
  /** Somebody deleted a message of the path, so that its replies answer what is no longer there. */
  deleted: boolean;
}

/** Every prompter's message of a tree that was answered. The tree is the cluster: its queries share their beginnings. */
function* treeSlates(tree: Record<string, unknown>, context: ImportContext): Generator<RawSlate> {
  const cluster = typeof tree.message_tree_id === 'string' ? { cluster: tree.message_tree_id } : {};
  const pending = visits([tree.prompt], [], false, context);
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { message, path, deleted } = visit;
    const replies = visits(message.replies ?? [], path, deleted, context);
    pending.push(...replies);
    const answers = replies.reverse().filter((reply) => reply.message.role === 'assistant');
    if (message.role === 'prompter' && answers.length > 0) {
      yield { id: message.message_id, messages: path, responses: answers.map(toResponse), ...cluster };
    }
  }
}

/** The messages that are what they should be, last first, as a stack wants them. */
function visits(messages: readonly unknown[], path: Message[], deleted: boolean, context: ImportContext): Visit[] {
  const result: Visit[] = [];
  for (const value of messages) {
    const { data: message } = messageSchema.safeParse(value);
    if (message === undefined) {
      context.drop('malformed-message');
      continue;
    }
    const role = message.role === 'prompter' ? 'user' : 'assistant';
    result.push({
      message,
      path: [...path, { role, content: message.text }],
      deleted: deleted || message.deleted === true,
    });
  }
  return result.reverse();
}

function toResponse({ message, deleted }: Visit): RawResponse {
  const rank = typeof message.rank === 'number' ? { rank: message.rank + 1 } : {};
  return { id: message.message_id, text: message.text, deleted, ...rank };
}
