/** @file Counts which branches of JavaScript are taken, for libFuzzer, which sees them in native code alone. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const { factory } = ts;

/**
 * Puts a counter into every branch of the ES modules below folders. They find the counters in the global `fuzzCounters`, a Uint8Array.
 *
 * @returns how many counters there are
 */
export function instrumentFolders(folders) {
  let counters = 0;
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.m?js$/.test(name)) continue;
      const path = join(folder, name);
      const { source, next } = instrument(readFileSync(path, 'utf8'), counters);
      writeFileSync(path, source);
      counters = next;
    }
  }
  return counters;
}

/** The source of a module with counters from number `first` on, and the next free number. */
export function instrument(source, first) {
  let next = first;
  /** fuzzCounters[n]++ */
  const count = () =>
    factory.createPostfixIncrement(
      factory.createElementAccessExpression(factory.createIdentifier('fuzzCounters'), next++),
    );
  const counted = (expression) => factory.createParenthesizedExpression(factory.createComma(count(), expression));
  const block = (statement) =>
    factory.createBlock(
      [
        factory.createExpressionStatement(count()),
        ...(statement === undefined ? [] : ts.isBlock(statement) ? statement.statements : [statement]),
      ],
      true,
    );
  const clause = (statements) => [factory.createExpressionStatement(count()), ...statements];

  const transformer = (context) => {
    const visit = (node) => {
      const each = ts.visitEachChild(node, visit, context);
      if (ts.isArrowFunction(each) && !ts.isBlock(each.body)) return withBody(each, counted(each.body), context);
      if (ts.isFunctionLike(each) && each.body !== undefined) return withBody(each, block(each.body), context);
      if (ts.isIfStatement(each)) {
        // Without an else, that nothing was done is a branch too.
        const { expression, thenStatement, elseStatement } = each;
        return factory.updateIfStatement(each, expression, block(thenStatement), block(elseStatement));
      }
      if (ts.isIterationStatement(each, false)) return withBody(each, block(each.statement), context);
      if (ts.isCaseClause(each)) return factory.updateCaseClause(each, each.expression, clause(each.statements));
      if (ts.isDefaultClause(each)) return factory.updateDefaultClause(each, clause(each.statements));
      if (ts.isCatchClause(each)) return factory.updateCatchClause(each, each.variableDeclaration, block(each.block));
      if (ts.isConditionalExpression(each)) {
        const { condition, questionToken, whenTrue, colonToken, whenFalse } = each;
        return factory.updateConditionalExpression(
          each,
          condition,
          questionToken,
          counted(whenTrue),
          colonToken,
          counted(whenFalse),
        );
      }
      if (ts.isBinaryExpression(each) && DECISIONS.has(each.operatorToken.kind)) {
        return factory.updateBinaryExpression(each, each.left, each.operatorToken, counted(each.right));
      }
      return each;
    };
    return (file) => ts.visitNode(file, visit);
  };
  const file = ts.createSourceFile('module.js', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const { transformed } = ts.transform(file, [transformer]);
  const text = ts.createPrinter({ removeComments: true }).printFile(transformed[0]);
  return { source: text, next };
}

/** A function or a loop with another body. */
function withBody(node, body, context) {
  const old = node.body ?? node.statement;
  return ts.visitEachChild(node, (child) => (child === old ? body : child), context);
}

const DECISIONS = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);
