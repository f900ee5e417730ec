using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Context;
using Strata.Cli.Kinds;
using Strata.Client;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Shell;

internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
}

/// <summary>One command as it was called: its arguments, its terminal, and the cloud that it speaks to.</summary>
internal sealed class Run(ParseResult parse, Terminal terminal) : IDisposable
{
    private CliContext? context;
    private StrataClient? client;

    public ParseResult Parse => parse;

    public Terminal Terminal { get; } =
        parse.GetValue(GlobalOptions.NoColor) ? terminal with { Color = false } : terminal;

    public string Home { get; } = GlobalOptions.HomeOf(parse);

    public OutputFormat Format { get; } = parse.GetValue(GlobalOptions.Json) ? OutputFormat.Json : parse.GetValue(GlobalOptions.Output);

    /// <summary>Only data and errors.</summary>
    public bool Quiet { get; } = parse.GetValue(GlobalOptions.Quiet);

    public CliContext Context => context ??= LoadContext();

    /// <summary>Name or id of the project that the command means.</summary>
    public string Project => parse.GetValue(GlobalOptions.Project) ?? Context.Project;

    /// <summary>Whether the command line names the project.</summary>
    public bool NamesProject => parse.GetValue(GlobalOptions.Project) is not null;

    /// <summary>The organization that the command names; null: the token's own.</summary>
    public string? Org => parse.GetValue(GlobalOptions.Org);

    public StrataClient Client => client ??= new StrataClient(
        new Uri(Context.Server), Context.Token, new ClientOptions { UserAgent = "strata-cli/" + ProgramVersion.Text, Organization = Org,
            Project = parse.GetValue(GlobalOptions.Project),
        });

    public DateTimeOffset Now => Terminal.Time.GetUtcNow();

    /// <summary>A message for people besides the data, at the terminal's width; nothing when quiet.</summary>
    public void Say(string line) => Show(TextWidth.Wrap(Hint(line), Terminal.ErrorWidth, "  "));

    /// <summary>As <see cref="Say"/>, for text that is not ours, such as a line of a build's log.</summary>
    public void Show(string line)
    {
        if (!Quiet) Terminal.Error.WriteLine(line);
    }

    /// <summary>A line for people on standard output, at the terminal's width.</summary>
    public void Print(string line) => Terminal.Out.WriteLine(TextWidth.Wrap(line, Terminal.Width, "  "));

    /// <summary>A text whose proposed commands mean the cloud, organization and project of this one.</summary>
    public string Hint(string text) => Hints.Complete(parse, text, context: HintContext);

    /// <summary>The context that proposed commands mean, where it is neither the current one nor an option's.</summary>
    public string? HintContext { get; set; }

    /// <summary>The context that <see cref="SignIn"/> or an earlier use has settled; null: none is yet.</summary>
    public CliContext? Settled => context;

    /// <summary>Uses another identity from now on, whatever STRATA_URL and STRATA_TOKEN say.</summary>
    public void SignIn(CliContext other)
    {
        client?.Dispose();
        (client, context) = (null, other);
    }

    /// <summary>Data in the chosen machine format; false when a table was asked for.</summary>
    public bool WriteMachine(JsonElement value)
    {
        if (Format == OutputFormat.Table) return false;
        value = StableJson.Times(value);
        Terminal.Out.Write(Format == OutputFormat.Yaml ? YamlText.Write(value) : Indent(value));
        return true;
    }

    public bool WriteMachine<T>(T value) => Format != OutputFormat.Table
        && WriteMachine(JsonSerializer.SerializeToElement(value, WireJson.Of<T>()));

    public static string Indent(JsonElement value) => JsonSerializer.Serialize(value, Indented) + "\n";

    public void Dispose() => client?.Dispose();

    private static readonly JsonSerializerOptions Indented = new(WireJson.Options) { WriteIndented = true };

    private CliContext LoadContext()
    {
        var loaded = CliContext.Load(Home, parse.GetValue(GlobalOptions.Server), parse.GetValue(GlobalOptions.Context));
        if (loaded.IgnoresVariable)
            Say($"Note: STRATA_TOKEN is not used: without STRATA_URL it is for the cloud of this machine, and the context is \"{loaded.Name}\".");
        return loaded;
    }
}
