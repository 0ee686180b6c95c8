// node-oidc-provider with its own in-memory store and the device flow on.
import { Provider } from 'oidc-provider';

const port = Number(process.env.PORT);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'bench',
    token_endpoint_auth_method: 'none',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: [],
    response_types: [],
  }],
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
});
provider.listen(port, '127.0.0.1');
