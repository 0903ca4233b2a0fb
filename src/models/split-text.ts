/** What becomes of the matches of a pattern that divides a text, by the names of tokenizer.json. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'Contiguous' | 'MergedWithPrevious' | 'MergedWithNext';

interface Piece {
  text: string;
  isMatch: boolean;
}

/** Divides a text by a pattern (with the flag g). `invert` takes what is between matches for matches. Pieces are not empty. */
export function splitText(text: string, pattern: RegExp, behavior: SplitBehavior, invert = false): string[] {
  const pieces = piecesOf(text, pattern).map((piece) => ({ ...piece, isMatch: piece.isMatch !== invert }));
  switch (behavior) {
    case 'Removed':
      return pieces.filter(({ isMatch }) => !isMatch).map((piece) => piece.text);
    case 'Contiguous':
      return merge(pieces, (piece, last) => piece.isMatch === last.isMatch);
    case 'MergedWithPrevious':
      return merge(pieces, (piece, last) => piece.isMatch && !last.isMatch);
    case 'MergedWithNext':
      return merge(pieces, (piece, last) => last.isMatch && !piece.isMatch);
    default:
      return pieces.map((piece) => piece.text);
  }
}

function piecesOf(text: string, pattern: RegExp): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    pieces.push({ text: text.slice(end, index), isMatch: false }, { text: match, isMatch: true });
    end = index + match.length;
  }
  pieces.push({ text: text.slice(end), isMatch: false });
  return pieces.filter((piece) => piece.text !== '');
}

/** Joins a piece to the one before it where `joins` says so of the two. */
function merge(pieces: readonly Piece[], joins: (piece: Piece, last: Piece) => boolean): string[] {
  const texts: string[] = [];
  pieces.forEach((piece, i) => {
    const last = pieces[i - 1];
    if (last !== undefined && joins(piece, last)) texts.push(texts.pop()! + piece.text);
    else texts.push(piece.text);
  });
  return texts;
}
