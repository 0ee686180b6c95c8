/**
 * Device flow with oauth4webapi (npm), knowing only the base URL: `oauth4webapi_driver.mjs BASE_URL [CLIENT_ID]`.
 *
 * Prints one JSON line with the user code, polls, and prints one JSON line with the outcome. The library leaves the
 * polling loop to its user, so it is written out here as RFC 8628 section 3.5 has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';

const OUTCOMES = { access_denied: 'denied', expired_token: 'expired' };
const [baseUrl, clientId = 'oauth4webapi'] = process.argv.slice(2);
const say = (message) => console.log(JSON.stringify(message));

const issuer = new URL(baseUrl);
const client = { client_id: clientId };
const auth = oauth.None();
const http = { [oauth.allowInsecureRequests]: true };

const as = await oauth
  .discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
  .then((response) => oauth.processDiscoveryResponse(issuer, response));
const device = await oauth
  .deviceAuthorizationRequest(as, client, auth, { scope: 'account:workspace:read account:apps:write' }, http)
  .then((response) => oauth.processDeviceAuthorizationResponse(as, client, response));
say({ user_code: device.user_code, verification_uri_complete: device.verification_uri_complete });

let interval = device.interval ?? 5;
for (;;) {
  await sleep(interval * 1000);
  try {
    const { access_token, token_type, scope } = await oauth
      .deviceCodeGrantRequest(as, client, auth, device.device_code, http)
      .then((response) => oauth.processDeviceCodeResponse(as, client, response));
    say({ outcome: 'approved', access_token, token_type, scope });
    break;
  } catch (error) {
    if (error.error === 'slow_down') interval += 5;
    else if (error.error in OUTCOMES) {
      say({ outcome: OUTCOMES[error.error], error: error.error });
      break;
    } else if (error.error !== 'authorization_pending') throw error;
  }
}
