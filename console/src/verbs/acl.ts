import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { examples } from './examples.ts'
import { typedArguments } from './typed-arguments.ts'

/** `strangler acl`: the adapters' own command line; what it can't read, it says itself. */
export function addAcl(program: Command, cli: Cli): void {
  program
    .command('acl')
    .description('REST over a SOAP service, SOAP over a REST one: inspect, convert, serve, generate.')
    .argument('<verb>', 'inspect, convert, serve or generate')
    .argument('<wsdl>', 'the WSDL; what it imports is read from disk, nothing is fetched')
    .option('--to <format>', 'convert: json or xml; JSONL on stdin and stdout')
    .option('--endpoint <url>', 'serve: the SOAP service that REST is offered over')
    .option('--facade', 'serve: SOAP over REST instead')
    .option('--upstream <url>', 'serve --facade: the REST side')
    .option('--path <path>', 'serve --facade: where it answers (default: /soap)')
    .option('--port <n>', 'serve: where to listen (default: a free port)')
    .option('--out <dir>', 'generate: where OpenAPI, types, client and draft mapping go')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      examples(
        ['strangler acl inspect shop.wsdl', 'what can be carried of every operation, and what not'],
        [
          'strangler acl serve shop.wsdl --endpoint http://shop:8080/soap --port 8090',
          'REST and /openapi.json',
        ],
        ['strangler acl convert shop.wsdl --to json < messages.jsonl', 'documents, one a line'],
        ['strangler acl generate shop.wsdl --out shop-client', 'a typed client'],
      ),
    )
    .action(cli.delegating(() => cli.surroundings.runAcl(typedArguments('acl', cli.argv))))
}
