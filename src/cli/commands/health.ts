import { addExamples, define } from '../define.ts';

/** `cairn health` */
export function defineHealth() {
  const command = define('health', '[ADDRESS[/PAGE]]')
    .summary("request a server's health page")
    .description(
      'Requests the health page of a server and prints it. The exit status is 0 if the HTTP status is 200, else 1. This is for the health check of a container that has no HTTP client.',
    )
    .argument(
      '[ADDRESS]',
      'the address after "health" in the Corefile (default: :8080), and after a slash another page than health, such as ready',
    );
  addExamples(command, [
    { line: 'cairn health', effect: 'requests /health on port 8080 of this machine' },
    { line: 'cairn health :8181/ready', effect: 'requests /ready on port 8181' },
  ]);
  return command;
}
