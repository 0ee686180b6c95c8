// better-auth with its device authorization plugin on PostgreSQL. The rate limiter, telemetry and logger are off.
import { betterAuth } from 'better-auth';
import { deviceAuthorization } from 'better-auth/plugins';
import pg from 'pg';

export const options = {
  secret: 'a-secret-of-the-bench-that-guards-nothing-at-all-peer',
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 }),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [deviceAuthorization({ expiresIn: '10m', interval: '5s', validateClient: () => true })],
};

export const auth = betterAuth(options);
