import type { Dashboard } from '../../dashboard.ts';
import {
  board,
  character,
  earnings,
  gainsAndLosses,
  haltedCharacters,
  halts,
  holdings,
  leaders,
  openOrders,
  openOrdersGraph,
  ordersByFate,
  prices,
  quoteAges,
  refusals,
  refusedShare,
  rounds,
  tradeDuration,
  tradesByKind,
  volumeByCharacter,
  volumeBySide,
  volumeAnHour,
} from '../../panels/exchange.ts';
import { ledgerImbalance, quoteAge, topCharacters, tradesPerMinute } from '../../panels/trading.ts';

export const trading: Dashboard = {
  folder: 'Business',
  uid: 'trading',
  question: 'Do customers trade, at prices that are right, and who earns by it?',
  next: ['customers', 'payments', 'api-red', 'database'],
  variables: [character],
  rows: [
    {
      title: 'Do customers trade, at prices that are right?',
      panels: [
        tradesPerMinute(6),
        volumeAnHour(6),
        refusedShare(6),
        openOrders(6),
        quoteAge(6),
        leaders(6),
        haltedCharacters(6),
        ledgerImbalance(6),
      ],
    },
    {
      title: 'What is traded?',
      panels: [volumeByCharacter(24), volumeBySide(8), tradesByKind(8), topCharacters(8)],
    },
    {
      title: 'What becomes of orders?',
      panels: [ordersByFate(12), refusals(12), tradeDuration(12), openOrdersGraph(12)],
    },
    {
      title: 'At what prices?',
      panels: [prices(14), board(10), rounds(8), quoteAges(8), halts(8)],
    },
    {
      title: 'Who earns by it?',
      panels: [earnings(8), gainsAndLosses(8), holdings(8)],
    },
  ],
};
