import { Router } from 'express';
import type { Portfolio } from '../../portfolio/portfolio.ts';
import type { Authenticated } from '../authenticated.ts';
import { methodNotAllowed } from '../problems.ts';

/** What a customer sees of the market and of what is theirs. */
export function portfolioRoutes(portfolio: Portfolio, authenticated: Authenticated): Router {
  const router = Router();

  router
    .route('/api/characters')
    .get(
      authenticated(async (_request, response, session) => {
        response.json(await portfolio.characters(session.user.id));
      }),
    )
    .all(methodNotAllowed('GET', 'HEAD'));

  router
    .route('/api/portfolio')
    .get(
      authenticated(async (_request, response, session) => {
        response.json(await portfolio.holdings(session.user.id));
      }),
    )
    .all(methodNotAllowed('GET', 'HEAD'));

  return router;
}
