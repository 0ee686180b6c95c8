/**
 * Device flow with openid-client (npm), knowing only the base URL: `openid_client_driver.mjs BASE_URL [CLIENT_ID]`.
 *
 * Prints one JSON line with the user code, polls, and prints one JSON line with the outcome.
 */
import * as client from 'openid-client';

const OUTCOMES = { access_denied: 'denied', expired_token: 'expired' };
const [baseUrl, clientId = 'openid-client'] = process.argv.slice(2);
const say = (message) => console.log(JSON.stringify(message));

const config = await client.discovery(new URL(baseUrl), clientId, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
const device = await client.initiateDeviceAuthorization(config, {
  scope: 'account:workspace:read account:apps:write',
});
say({ user_code: device.user_code, verification_uri_complete: device.verification_uri_complete });

try {
  const { access_token, token_type, scope } = await client.pollDeviceAuthorizationGrant(config, device);
  say({ outcome: 'approved', access_token, token_type, scope });
} catch (error) {
  // The client gives up by itself, with OAUTH_TIMEOUT, when `expires_in` is over.
  const outcome = error.code === 'OAUTH_TIMEOUT' ? 'expired' : OUTCOMES[error.error];
  if (outcome === undefined) throw error;
  say({ outcome, error: error.error ?? error.code });
}
