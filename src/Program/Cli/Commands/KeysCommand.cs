using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata keys</c>: the keys by which the cloud signs access tokens and ID tokens; for operators.</summary>
internal static class KeysCommand
{
    private static readonly Option<string?> Algorithm = new("--algorithm")
    {
        Description = "RS256, ES256 or EdDSA. Without it: each of which there is a key", HelpName = "ALGORITHM",
    };

    private static readonly Option<string?> Audience = new("--audience")
    {
        Description = "client: tokens of machine clients and instances; human: those of people. Without it: both", HelpName = "AUDIENCE",
    };

    private static readonly Option<string> Lead = new("--lead")
    {
        Description = "How long the new key is published before it signs, such as 10m; 0 for a key that leaked", HelpName = "DURATION",
        DefaultValueFactory = _ => "10m",
    };

    private static readonly Option<string> Grace = new("--grace")
    {
        Description = "How long what the old key signed is accepted after that", HelpName = "DURATION", DefaultValueFactory = _ => "1h",
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    private static readonly Error NotFound = new(
        ErrorKind.NotFound, "KEYPAIR_NOT_FOUND", "There is no key pair to replace.",
        "To create a first one, give --audience and --algorithm.");

    public static Command Create(Terminal terminal)
    {
        var keys = new Command("keys", "List and rotate the keys by which the cloud signs tokens; for operators")
        {
            new Command("list", "List the key pairs").Does(terminal, ListAsync),
            new Command("rotate", "Publish a new key pair, let it sign after a while, and end the one before")
            {
                Algorithm, Audience, Lead, Grace, Yes,
            }.Does(terminal, RotateAsync),
        }.Does(terminal, ListAsync);
        return keys;
    }

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await AllAsync(run, cancellationToken);
        if (run.WriteMachine(answer.RootElement)) return CommandRunner.Done;
        var table = new Table("KEY ID", "ALGORITHM", "FOR", "STATE", "SIGNS FROM", "ENDS");
        foreach (var pair in answer.RootElement.GetProperty("items").EnumerateArray())
        {
            var (spec, status) = (pair.GetProperty("spec"), pair.GetProperty("status"));
            table.Add(
                status.Text("keyId") ?? "", spec.Text("algorithm") ?? "", spec.Text("audience") ?? "", pair.Text("state") ?? "",
                TimeOf(status, "validFrom"), TimeOf(status, "validTo"));
        }
        if (answer.RootElement.GetProperty("items").GetArrayLength() == 0)
            run.Say("No key pairs. The first token that is asked for makes one.");
        else table.Write(run.Terminal);
        return CommandRunner.Done;

        static string TimeOf(JsonElement status, string member) => status.Time(member) is { } time ? TimeText.LineStamp(time) : "";
    }

    private static async Task<int> RotateAsync(Run run, CancellationToken cancellationToken)
    {
        var (lead, grace) = (DurationOf(run, Lead), DurationOf(run, Grace));
        var chosen = await ChosenAsync(run, cancellationToken);
        if (chosen.Count == 0) throw NotFound.ToException();
        const string AtOnce = "What the present keys signed is refused at once: people and clients need new tokens. Go on?";
        if (grace == TimeSpan.Zero && lead == TimeSpan.Zero && !await Confirmation.AskAsync(run, Yes, AtOnce, cancellationToken))
            return CommandRunner.Failed;
        var made = new List<JsonElement>();
        foreach (var (audience, algorithm) in chosen)
        {
            var body = new Dictionary<string, object>
            {
                ["audience"] = audience, ["algorithm"] = algorithm, ["invalidateCurrent"] = true,
                ["invalidateGracePeriodSec"] = (long)grace.TotalSeconds,
            };
            if (lead > TimeSpan.Zero) body["validFrom"] = run.Now + lead;
            using var answer = await run.Client.SendAsync(
                HttpMethod.Post, "/api/oauth/keys/keypair", new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options)),
                cancellationToken: cancellationToken);
            made.Add(answer!.RootElement.Clone());
            if (run.Format != OutputFormat.Table) continue;
            var from = lead > TimeSpan.Zero ? $"signs from {TimeText.LineStamp(run.Now + lead)} on" : "signs now";
            run.Terminal.Out.WriteLine($"{audience,-6}  {algorithm,-5}  {answer.RootElement.Text("keyId")}  {from}");
        }
        if (run.WriteMachine(JsonSerializer.SerializeToElement(made, WireJson.Options))) return CommandRunner.Done;
        run.Say("The new keys are published. What the previous ones signed is " + (grace > TimeSpan.Zero
            ? $"accepted until {TimeText.LineStamp(run.Now + lead + grace)}."
            : lead > TimeSpan.Zero ? "refused once they sign." : "refused now."));
        return CommandRunner.Done;
    }

    /// <summary>What there is a key for; where both are given, a first one may be made.</summary>
    private static async Task<IReadOnlyList<(string Audience, string Algorithm)>> ChosenAsync(Run run, CancellationToken cancellationToken)
    {
        var (audience, algorithm) = (run.Parse.GetValue(Audience), run.Parse.GetValue(Algorithm));
        if (audience is not null && algorithm is not null) return [(audience, algorithm)];
        using var answer = await AllAsync(run, cancellationToken);
        return [.. answer.RootElement.GetProperty("items").EnumerateArray().Where(p => p.Text("state") == "ACTIVE")
            .Select(p => (p.GetProperty("spec").Text("audience") ?? "", p.GetProperty("spec").Text("algorithm") ?? ""))
            .Where(p => (audience ?? p.Item1) == p.Item1 && (algorithm ?? p.Item2) == p.Item2).Distinct().Order()];
    }

    private static async Task<JsonDocument> AllAsync(Run run, CancellationToken cancellationToken) => (await run.Client.SendAsync(
        HttpMethod.Get, $"/api/v1/{Plurals.KeyPairs}?limit=100", cancellationToken: cancellationToken))!;

    private static TimeSpan DurationOf(Run run, Option<string> option)
    {
        var text = run.Parse.GetRequiredValue(option);
        if (text is "0" or "0s") return TimeSpan.Zero;
        var now = run.Now;
        return TimeText.ParseLifetime(text, now).TryGet(out var end, out _) ? end - now
            : throw UsageErrors.Of($"{option.Name} {text} is no duration.", "Write it as 90s, 10m or 1h, or 0.").ToException();
    }
}
