// Runs the member until SIGTERM, which strata dev sends before it starts the member again because a file changed.
import { member } from './handlers.js';

process.once('SIGTERM', () => member.stop());
console.log('serving');
await member.run();
