import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/**
 * The metrics that a PromQL expression reads, each once.
 * @throws where it does not parse
 */
export function metricsIn(expr: string): string[] {
  const names = new Set<string>();
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      const text = expr.slice(from, to);
      if (type.isError) throw new Error(`Not PromQL, at "${text}": ${expr}`);
      if (type.name === 'Identifier') names.add(text);
    },
  });
  return [...names];
}

/**
 * The numbers that an alert's value is compared with: one for each of its alternatives (`or`). What only has to hold besides
 * (`and`, `unless`) is left out: 0.1 of `failed / all > 0.1 and all > 5`.
 */
export function limitsIn(expr: string): number[] {
  return limitsOf(parser.parse(expr).topNode.firstChild, expr);
}

function limitsOf(node: Node | null, expr: string): number[] {
  if (node === null) return [];
  if (node.name === 'ParenExpr') return limitsOf(node.firstChild, expr);
  // label_replace and the like leave the values as they are.
  if (node.name === 'FunctionCall') {
    return limitsOf(node.getChild('FunctionCallBody')?.firstChild ?? null, expr);
  }
  if (node.name !== 'BinaryExpr') return [];
  const { firstChild: left, lastChild: right } = node;
  switch (left?.nextSibling?.name) {
    case 'And':
    case 'Unless':
      return limitsOf(left, expr);
    case 'Or':
      return [...limitsOf(left, expr), ...limitsOf(right, expr)];
    case 'Gtr':
    case 'Gte':
    case 'Lss':
    case 'Lte':
    case 'Eql':
    case 'EqlC':
    case 'Neq': {
      const number = numberOf(right, expr);
      return number === undefined ? [] : [number];
    }
    default:
      return [];
  }
}

/** The value of a number, or of a product of numbers: `14 * 86400`. */
function numberOf(node: Node | null, expr: string): number | undefined {
  if (node?.name === 'NumberDurationLiteral') return Number(expr.slice(node.from, node.to));
  if (node?.name !== 'BinaryExpr' || node.firstChild?.nextSibling?.name !== 'Mul') return undefined;
  const left = numberOf(node.firstChild, expr);
  const right = numberOf(node.lastChild, expr);
  return left === undefined || right === undefined ? undefined : left * right;
}
