export function instrument(source: string, first: number): { source: string; next: number };
