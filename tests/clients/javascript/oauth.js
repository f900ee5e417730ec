// Gets an access token by client credentials with openid-client, verifies it by the published keys with jose, and uses it. Arguments: API, client id, secret.
import { allowInsecureRequests, clientCredentialsGrant, ClientSecretBasic, Configuration } from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [api, id, secret] = process.argv.slice(2);
const configuration = new Configuration({ issuer: api, token_endpoint: `${api}/oauth/token` }, id, secret, ClientSecretBasic(secret));
allowInsecureRequests(configuration);
const tokens = await clientCredentialsGrant(configuration, { scope: 'ROLE_M2M' });
const keys = createRemoteJWKSet(new URL(`${api}/.well-known/jwks.json`));
const { payload } = await jwtVerify(tokens.access_token, keys, { algorithms: ['RS256'] });
const models = await fetch(`${api}/model/`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
console.log(JSON.stringify({ subject: payload.sub, scopes: payload.scopes, expiresIn: tokens.expires_in, status: models.status }));
