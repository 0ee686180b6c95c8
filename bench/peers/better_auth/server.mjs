// One process a core, as the Python targets have.
import cluster from 'node:cluster';
import http from 'node:http';
import { availableParallelism } from 'node:os';
import { toNodeHandler } from 'better-auth/node';

if (cluster.isPrimary) {
  for (let n = 0; n < availableParallelism(); n += 1) cluster.fork();
  process.on('SIGTERM', () => { for (const id in cluster.workers) cluster.workers[id].kill(); process.exit(0); });
} else {
  const { auth } = await import('./auth.mjs');
  http.createServer(toNodeHandler(auth)).listen(Number(process.env.PORT), '127.0.0.1');
}
