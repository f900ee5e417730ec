using System.Collections.Frozen;
using System.Globalization;
using Strata.Entities.Definitions;

namespace Strata.Entities.Log;

/// <summary>A model by its name, and by one version where it says so.</summary>
public readonly record struct ModelPattern(string Name, int? Version)
{
    /// <summary>Reads <c>name</c> or <c>name.version</c>: digits behind the last dot are a version.</summary>
    public static bool TryParse(string text, out ModelPattern pattern)
    {
        var dot = text.LastIndexOf('.');
        var isVersioned = dot > 0 && dot < text.Length - 1 && text.AsSpan(dot + 1).IndexOfAnyExceptInRange('0', '9') < 0;
        var version = 0;
        var ok = !isVersioned
            || (int.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out version) && version > 0);
        pattern = isVersioned ? new ModelPattern(text[..dot], version) : new ModelPattern(text, null);
        return ok && pattern.Name.Length is > 0 and <= ModelKey.NameLengthMax && !pattern.Name.Any(c => char.IsControl(c) || c == '\uFFFD');
    }

    public override string ToString() => Version is { } version ? $"{Name}.{version}" : Name;
}

/// <summary>Which models' changes to read. Immutable.</summary>
public sealed class ModelFilter
{
    public static readonly ModelFilter All = new(null, usersOnly: false);

    /// <summary>All but the platform's own.</summary>
    public static readonly ModelFilter Users = new(null, usersOnly: true);

    /// <summary>All that users made: their entities, and the definitions of their models.</summary>
    public static readonly ModelFilter UsersAndDefinitions = new(null, usersOnly: true, withDefinitions: true);

    private readonly FrozenSet<ModelPattern>? patterns;

    private ModelFilter(FrozenSet<ModelPattern>? patterns, bool usersOnly, bool withDefinitions = false)
    {
        this.patterns = patterns;
        (UsersOnly, WithDefinitions) = (usersOnly, withDefinitions);
        Names = patterns?.Select(p => p.Name).ToFrozenSet(StringComparer.Ordinal);
        PlatformOnly = Names is not null && Names.All(n => n.StartsWith(CompositeDefinitions.PlatformPrefix, StringComparison.Ordinal));
    }

    /// <summary>Names of the models; null: every name.</summary>
    public IReadOnlySet<string>? Names { get; }

    public bool UsersOnly { get; }

    /// <summary>With <see cref="UsersOnly"/>: the definitions too, which are kept as the platform's.</summary>
    public bool WithDefinitions { get; }

    /// <summary>It names models, and all of them are the platform's own.</summary>
    public bool PlatformOnly { get; }

    public static ModelFilter Of(IEnumerable<ModelPattern> patterns) => new(patterns.ToFrozenSet(), usersOnly: false);

    public static ModelFilter Named(IEnumerable<string> names) => Of(names.Select(n => new ModelPattern(n, null)));

    public static implicit operator ModelFilter(HashSet<string> names) => Named(names);

    public bool Wants(ModelKey model)
    {
        if (patterns is null)
            return !UsersOnly || !CompositeDefinitions.IsPlatforms(model) || (WithDefinitions && model == StoredModel.Key);
        return patterns.Contains(new ModelPattern(model.Name, null)) || patterns.Contains(new ModelPattern(model.Name, model.Version));
    }

    /// <summary>A filter that wants what either wants; it may want more.</summary>
    public ModelFilter Or(ModelFilter other)
    {
        if (ReferenceEquals(this, other) || Covers(other)) return this;
        if (other.Covers(this)) return other;
        return patterns is null || other.patterns is null ? All : Of(patterns.Union(other.patterns));
    }

    /// <summary>Whether it surely wants everything that the other wants.</summary>
    public bool Covers(ModelFilter other)
    {
        if (patterns is not null) return other.patterns is not null
            && other.patterns.All(p => patterns.Contains(p) || patterns.Contains(p with { Version = null }));
        return !UsersOnly || (other.UsersOnly && (WithDefinitions || !other.WithDefinitions))
            || (other.patterns is { } named && named.All(p => !CompositeDefinitions.IsPlatforms(new ModelKey(p.Name, 1))));
    }
}
