using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Webhooks;

/// <summary>PENDING until its secret is made, then ACTIVE; PAUSED keeps its place in the log.</summary>
public static class WebhookKind
{
    public const string Pending = "PENDING";
    public const string Active = "ACTIVE";

    internal const string Activate = "activate";

    private const int UrlLengthMax = 2000;
    private const int ModelsMax = 50;
    private const int AttemptsMax = 20;

    public static readonly Kind<WebhookSpec, WebhookStatus> Kind = new()
    {
        Name = "webhook",
        Plural = Plurals.Webhooks,
        IdPrefix = "whk",
        Scope = KindScope.Organization,
        Description = "Sends changes of entities to your own address: signed, in order, retried until accepted.",
        Workflow = KindWorkflow.Load(typeof(WebhookKind), "webhook.workflow.json"),
        InitialStatus = new WebhookStatus(),
        Writers = [Roles.Developer],
        UserTransitions = ["pause", "resume"],
        HiddenStatus = ["secret"],
        SealedStatus = [new SealedMember("secret", w => WebhookEndpoints.ContextOf(w.Id))],
        Validate = Check,
    };

    /// <summary>Which changes a webhook wants; its spec is valid.</summary>
    internal static ModelFilter FilterOf(WebhookSpec spec) =>
        spec.Models is { } models ? ModelFilter.Of(models.Select(m => ModelPattern.TryParse(m, out var pattern) ? pattern : default))
            : ModelFilter.Users;

    private static List<ValidationError> Check(WebhookSpec spec)
    {
        var faults = new List<ValidationError>();
        if (!IsUrl(spec.Url))
            faults.Add(new("url", $"It must be an http or https address of at most {UrlLengthMax} characters, without user and password."));
        if (spec.Models is { Count: 0 or > ModelsMax })
            faults.Add(new("models", $"It takes 1 to {ModelsMax}; leave it out for every model."));
        if (spec.Models is { } models && !models.All(IsModel))
            faults.Add(new("models", "Each must be one of your models, as name or name.version."));
        if (spec.Attempts is < 1 or > AttemptsMax) faults.Add(new("attempts", $"It must be 1 to {AttemptsMax}."));
        return faults;
    }

    private static bool IsUrl(string text) =>
        text.Length <= UrlLengthMax && !text.Any(char.IsControl) && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme is ("http" or "https") && url.UserInfo.Length == 0 && url.Host.Length > 0;

    private static bool IsModel(string text) =>
        ModelPattern.TryParse(text, out var pattern) && !CompositeDefinitions.IsPlatforms(new ModelKey(pattern.Name, pattern.Version ?? 1));
}
