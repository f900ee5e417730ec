using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Strata.Cli.Shell;

/// <summary>The examples that <c>--help</c> shows, by command. A test parses each of them.</summary>
internal static class Examples
{
    private static readonly (string Command, string[] Lines)[] All =
    [
        ("", ["strata up", "strata deploy ./my-app", "strata get deployments", "strata logs my-app -f"]),
        ("up", ["strata up", "strata up --detach", "strata up -d --http-port 80 --listen 0.0.0.0"]),
        ("install-service", ["sudo strata install-service", "strata install-service --print"]),
        ("down", ["strata down", "strata down --all"]),
        ("status", ["strata status", "strata status -o json"]),
        ("doctor", ["strata doctor"]),
        ("deploy", ["strata deploy", "strata deploy ./my-app --name shop", "strata deploy https://github.com/acme/shop.git --branch main"]),
        ("cancel", ["strata cancel shop", "strata cancel release/shop-3"]),
        ("get",
        [
            "strata get deployments", "strata get deployment shop -o yaml",
            "strata get instances --where spec.deployment=shop --state READY", "strata get deployments --at \"2h ago\"",
            "strata get instances --sort -createdAt -n 10",
        ]),
        ("describe", ["strata describe shop", "strata describe release/shop-3", "strata describe shop --at 2026-11-20T14:00Z"]),
        ("history", ["strata history shop", "strata history route/shop -n 5", "strata history shop --at \"1d ago\""]),
        ("logs", ["strata logs shop", "strata logs shop -f", "strata logs shop --since 10m -n 200", "strata logs release/shop-3"]),
        ("scale", ["strata scale shop 3", "strata scale shop --replicas 0"]),
        ("rollback", ["strata rollback shop", "strata rollback shop shop-2"]),
        ("restart", ["strata restart shop"]),
        ("delete", ["strata delete shop", "strata delete release/shop-2 -y"]),
        ("open", ["strata open shop"]),
        ("new", ["strata new python", "strata new typescript ./orders-member"]),
        ("dev", ["strata dev ./orders-member", "strata dev ./orders-member --command \"node dist/main.js\""]),
        ("tunnel", ["strata tunnel 3000", "strata tunnel localhost:3000 --name shop-dev"]),
        ("model", ["strata model import order order.json", "strata model lock order", "strata model list"]),
        ("model import", ["strata model import order order.json", "strata model import order.2 schema.json --from schema"]),
        ("model list", ["strata model list"]),
        ("model get", ["strata model get order", "strata model get order.2 --schema"]),
        ("model validate", ["strata model validate order order.json"]),
        ("model lock", ["strata model lock order"]),
        ("model unlock", ["strata model unlock order"]),
        ("model level", ["strata model level order structural"]),
        ("model keys", ["strata model keys order number=$.number", "strata model keys order --none"]),
        ("model indexes", ["strata model indexes order", "strata model indexes order customer.country total"]),
        ("model explain", ["strata model explain order --where \"total > 100\""]),
        ("model project", ["strata model project order shop", "strata model project order"]),
        ("model retention", ["strata model retention order", "strata model retention order --keep-days 90"]),
        ("model migrate", ["strata model migrate order 2 --dry-run", "strata model migrate order 2"]),
        ("model delete", ["strata model delete order.2"]),
        ("workflow", ["strata workflow export order", "strata workflow import order workflow.json"]),
        ("workflow import", ["strata workflow import order workflow.json"]),
        ("workflow export", ["strata workflow export order"]),
        ("workflow list", ["strata workflow list order"]),
        ("entity", ["strata entity create order order.json", "strata entity list order", "strata entity feed order -f"]),
        ("entity create", ["strata entity create order order.json", "strata entity create order orders.json --window 500"]),
        ("entity get", [$"strata entity get {SampleId}", $"strata entity get {SampleId} --at \"1h ago\""]),
        ("entity list", ["strata entity list order", "strata entity list order.2 -n 20", "strata entity list order --sort -total"]),
        ("entity changes", [$"strata entity changes {SampleId}"]),
        ("entity transitions", [$"strata entity transitions {SampleId}"]),
        ("entity update", [$"strata entity update {SampleId} order.json --transition pay"]),
        ("entity patch", [$"strata entity patch {SampleId} total.json"]),
        ("entity transition", [$"strata entity transition {SampleId} pay", $"strata entity transition {SampleId} pay --dry-run"]),
        ("entity delete", [$"strata entity delete {SampleId}", "strata entity delete order --where \"total < 1\""]),
        ("entity stats", ["strata entity stats", "strata entity stats order --by state --sum total"]),
        ("entity why", [$"strata entity why {SampleId}"]),
        ("entity feed", ["strata entity feed", "strata entity feed order -f", "strata entity feed --from 1200"]),
        ("entity export", ["strata entity export backup.ndjson"]),
        ("entity import", ["strata entity import backup.ndjson --org acme"]),
        ("search",
            ["strata search order --where \"total > 100 and state = 'NEW'\"",
                "strata search order --where \"total > 100\" --sort -total,customer.name -n 10"]),
        ("compute", ["strata compute", "strata compute --watch"]),
        ("login",
        [
            "strata login https://cloud.example.com", "strata login https://cloud.example.com --name acme",
            "strata login https://cloud.example.com --with-token",
        ]),
        ("logout", ["strata logout", "strata logout acme"]),
        ("whoami", ["strata whoami", "strata whoami --context acme"]),
        ("context", ["strata context", "strata context use acme", "strata context use acme -p shop"]),
        ("context list", ["strata context list", "strata context list -o json"]),
        ("context use", ["strata context use acme", "strata context use acme -p shop"]),
        ("context delete", ["strata context delete acme"]),
        ("orgs", ["strata orgs list", "strata orgs create acme --display-name \"Acme Inc.\""]),
        ("orgs create", ["strata orgs create acme --display-name \"Acme Inc.\""]),
        ("orgs list", ["strata orgs list"]),
        ("orgs set", ["strata orgs set acme --require-two-factor", "strata orgs set acme --require-two-factor false"]),
        ("token", ["strata token", "strata token create ci --role developer --expires 90d"]),
        ("token create", ["strata token create ci --role developer --expires 90d", "strata token create reader --role viewer -p shop"]),
        ("invite",
        [
            "strata invite ada@example.com", "strata invite ada@example.com --role admin", "strata invite --role viewer --expires 1d",
        ]),
        ("members", ["strata members", "strata members set ada --role admin", "strata members remove ada"]),
        ("members list", ["strata members list"]),
        ("members set", ["strata members set ada --role developer --role deployer"]),
        ("members remove", ["strata members remove ada"]),
        ("sessions", ["strata sessions", "strata sessions end ses_01k9x3v7m8e2q4r6t8v0w2y4z6"]),
        ("sessions list", ["strata sessions list"]),
        ("sessions end", ["strata sessions end ses_01k9x3v7m8e2q4r6t8v0w2y4z6"]),
        ("people", ["strata people", "strata people password-link ada"]),
        ("people list", ["strata people list"]),
        ("people password-link", ["strata people password-link ada"]),
        ("people remove-second-factor", ["strata people remove-second-factor ada"]),
        ("people disable", ["strata people disable ada"]),
        ("people enable", ["strata people enable ada"]),
        ("people remove", ["strata people remove ada"]),
        ("role", ["strata role create deployer --allow \"deployments.*\" \"releases.*\" \"blobs.*\"", "strata role list"]),
        ("role create",
        [
            "strata role create deployer --allow \"deployments.*\" \"releases.*\" \"blobs.*\"",
            "strata role create reader --allow deployments.read releases.read --description \"Read-only\"",
        ]),
        ("role set", ["strata role set deployer --allow \"deployments.*\" \"releases.*\""]),
        ("role list", ["strata role list"]),
        ("access", ["strata access grant developer ada -p shop", "strata access explain ci deployments.write deployment/shop"]),
        ("access grant",
        [
            "strata access grant developer team/backend -p shop", "strata access grant developer ada --label environment=staging",
            "strata access grant admin carol --for 2h --reason \"ticket 51\"",
        ]),
        ("access revoke", ["strata access revoke on-call"]),
        ("access bindings", ["strata access bindings"]),
        ("teams", ["strata teams", "strata teams create backend ada bob"]),
        ("teams list", ["strata teams list"]),
        ("teams create", ["strata teams create backend ada bob --description \"the shop's server\""]),
        ("teams add", ["strata teams add backend carol"]),
        ("teams remove", ["strata teams remove backend bob"]),
        ("secrets", ["strata secrets set db-password", "strata secrets"]),
        ("secrets list", ["strata secrets list"]),
        ("secrets set", ["strata secrets set db-password -p shop", "strata secrets set tls-key --from-file key.pem"]),
        ("secrets versions", ["strata secrets versions db-password"]),
        ("secrets reveal", ["strata secrets reveal db-password", "strata secrets reveal db-password 2"]),
        ("secrets destroy", ["strata secrets destroy db-password 1"]),
        ("secrets remove", ["strata secrets remove db-password", "strata secrets remove db-password --force"]),
        ("encryption", ["strata encryption", "strata encryption rotate-data-key"]),
        ("encryption status", ["strata encryption status"]),
        ("encryption rotate-data-key", ["strata encryption rotate-data-key"]),
        ("encryption rotate-master-key", ["strata encryption rotate-master-key"]),
        ("encryption finish-master-key", ["strata encryption finish-master-key", "strata encryption finish-master-key --force"]),
        ("projects", ["strata projects", "strata projects create shop"]),
        ("projects list", ["strata projects list"]),
        ("projects create", ["strata projects create shop"]),
        ("environments", ["strata environments", "strata environments create staging"]),
        ("environments list", ["strata environments list"]),
        ("environments create", ["strata environments create staging"]),
        ("access explain", ["strata access explain ci deployments.write deployment/shop", "strata access explain ci entities.write"]),
        ("access who-can", ["strata access who-can deployments.write deployment/shop"]),
        ("access permissions", ["strata access permissions"]),
        ("token list", ["strata token list"]),
        ("token revoke", ["strata token revoke ci"]),
        ("context export", ["eval \"$(strata context export)\"", "strata context export -o json"]),
        ("env", ["strata env list shop", "strata env set shop LOG_LEVEL=debug"]),
        ("env list", ["strata env list shop", "strata env list shop -o json"]),
        ("env set", ["strata env set shop LOG_LEVEL=debug", "strata env set shop --secret DB_PASSWORD=db-password"]),
        ("env unset", ["strata env unset shop LOG_LEVEL"]),
        ("env import", ["strata env import shop .env", "strata env import shop -"]),
        ("env apply", ["strata env apply shop"]),
        ("domains", ["strata domains add shop.example.com --to shop", "strata domains"]),
        ("domains list", ["strata domains list"]),
        ("domains add",
            ["strata domains add shop.example.com --to shop", "strata domains add example.com --to docs --path /docs --hsts 31536000",
                "strata domains add www.example.com --redirect-to https://example.com", "strata domains add cloud.example.com --api"]),
        ("domains set", ["strata domains set shop.example.com --to shop-2", "strata domains set shop.example.com --hsts 31536000"]),
        ("domains remove", ["strata domains remove shop.example.com"]),
        ("certs", ["strata certs", "strata certs add shop --cert fullchain.pem --key privkey.pem"]),
        ("certs list", ["strata certs list"]),
        ("certs add", ["strata certs add shop --cert fullchain.pem --key privkey.pem"]),
        ("certs renew", ["strata certs renew shop.example.com"]),
        ("certs remove", ["strata certs remove shop"]),
        ("issuers", ["strata issuers add letsencrypt --email admin@example.com --agree-to-terms", "strata issuers"]),
        ("issuers list", ["strata issuers list"]),
        ("issuers add",
        [
            "strata issuers add letsencrypt --email admin@example.com --agree-to-terms",
            "strata issuers add own --directory https://ca.example.com/acme/directory --roots ca.pem --agree-to-terms",
        ]),
        ("issuers set", ["strata issuers set letsencrypt --email ops@example.com"]),
        ("issuers remove", ["strata issuers remove letsencrypt"]),
        ("ca", ["strata ca trust", "strata ca show"]),
        ("ca show", ["strata ca show > ~/strata-ca.pem"]),
        ("ca trust", ["strata ca trust", "sudo strata ca trust", "strata ca trust --print"]),
        ("ca untrust", ["strata ca untrust"]),
        ("client", ["strata client create", "strata client list"]),
        ("client create",
        [
            "strata client create", "strata client create --admin",
            "strata client create --public-key worker.pub",
            "strata client create --redirect-uri https://shop.example.com/callback --display-name Shop",
        ]),
        ("client list", ["strata client list"]),
        ("client reset", ["strata client reset a1b2c3d4"]),
        ("client delete", ["strata client delete a1b2c3d4"]),
        ("keys", ["strata keys list", "strata keys rotate"]),
        ("keys list", ["strata keys list"]),
        ("keys rotate",
            ["strata keys rotate", "strata keys rotate --audience human --algorithm ES256", "strata keys rotate --lead 0 --grace 0 -y"]),
        ("api", ["strata api deployments", "strata api POST /api/v1/projects -d '{\"name\":\"shop\",\"spec\":{}}'"]),
        ("edge", ["strata edge --inline"]),
        ("completion",
            ["source <(strata completion bash)", "strata completion zsh > ~/.zfunc/_strata",
                "strata completion fish > ~/.config/fish/completions/strata.fish"]),
        ("version", ["strata version"]),
        ("help", ["strata help", "strata help entity create"]),
    ];

    public static readonly IReadOnlyDictionary<string, string[]> ByCommand = All.ToDictionary(
        e => e.Command, e => e.Lines, StringComparer.Ordinal);

    private const string SampleId = "0198f1c2-5b6e-7c1a-9d3f-2a4b6c8d0e1f";

    /// <summary>The words that lead to a command, without the program's name.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}".TrimStart() : "";
}

/// <summary>The library's help at the terminal's width, with examples below it.</summary>
internal sealed class HelpWithExamples(HelpAction help, Terminal terminal) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.MaxWidth = terminal.Width > 0 ? terminal.Width : Terminal.SentenceWidth;
        var code = help.Invoke(parseResult);
        if (!Examples.ByCommand.TryGetValue(Examples.PathOf(parseResult.CommandResult), out var examples)) return code;
        terminal.Out.WriteLine("Examples:");
        foreach (var example in examples) terminal.Out.WriteLine("  " + example);
        return code;
    }
}
