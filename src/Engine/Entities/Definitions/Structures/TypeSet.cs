using System.Numerics;

namespace Strata.Entities.Definitions.Structures;

/// <summary>Types that one leaf may have. Immutable; the default is empty.</summary>
internal readonly record struct TypeSet
{
    private readonly uint bits;

    private TypeSet(uint bits) => this.bits = bits;

    public int Count => BitOperations.PopCount(bits);

    public bool IsEmpty => bits == 0;

    /// <summary>Whether no value but null was seen or declared.</summary>
    public bool HasNoValue => (bits & ~Bit(DataType.Null)) == 0;

    public static TypeSet Of(DataType type) => new(Bit(type));

    public bool Has(DataType type) => (bits & Bit(type)) != 0;

    public TypeSet And(DataType type) => new(bits | Bit(type));

    /// <summary>
    /// With one more type: numbers widen to one type that holds both, other types stand side by side, null adds nothing to what has a
    /// value.
    /// </summary>
    public TypeSet Widen(DataType type)
    {
        var others = new TypeSet(bits & ~Bit(DataType.Null));
        if (type == DataType.Null) return others.IsEmpty ? Of(type) : others;
        foreach (var held in others)
        {
            if (held.IsNumber() && type.IsNumber()) return new TypeSet(others.bits & ~Bit(held)).Widen(DataTypes.Wider(held, type));
        }
        return others.And(type);
    }

    public TypeSet Widen(TypeSet more)
    {
        var all = this;
        foreach (var type in more) all = all.Widen(type);
        return all;
    }

    public Enumerator GetEnumerator() => new(bits);

    /// <summary>As in SIMPLE_VIEW: one name, or <c>[A, B]</c>.</summary>
    public override string ToString() => Count switch
    {
        0 => DataTypes.Of(DataType.Null),
        1 => DataTypes.Of((DataType)BitOperations.TrailingZeroCount(bits)),
        _ => $"[{string.Join(", ", ToList().Select(DataTypes.Of).Order(StringComparer.Ordinal))}]",
    };

    public List<DataType> ToList()
    {
        var types = new List<DataType>(Count);
        foreach (var type in this) types.Add(type);
        return types;
    }

    private static uint Bit(DataType type) => 1u << (int)type;

    /// <summary>In order of the types.</summary>
    public struct Enumerator(uint left)
    {
        public DataType Current { get; private set; }

        public bool MoveNext()
        {
            if (left == 0) return false;
            Current = (DataType)BitOperations.TrailingZeroCount(left);
            left &= left - 1;
            return true;
        }
    }
}
